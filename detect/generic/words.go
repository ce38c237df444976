package generic

import (
	"bytes"
	"cmp"
	"strings"
	"sync"
)

// stockWords are what people write where a secret would stand.
const stockWords = `password passwd pass pwd secret token key changeme change me example sample test testing tests demo dummy
fake mock foo bar baz qux foobar your my our the here insert replace enter put goes placeholder redacted removed hidden todo
fixme xxx xxxx abc abcd abc123 123 1234 12345 123456 admin root user username guest default none null empty undefined unknown
value string some any thing something anything whatever invalid wrong bad incorrect valid good correct right new old hello world
welcome letmein qwerty secure insecure strong weak super top temp tmp random generated unused blank nothing not real supersecret
my_password mypassword this that it is a an to be of for with and or no yes on off api app auth client access private public
id name email login account service server host local localhost development dev production prod staging stage database db
postgres mysql redis mongo mongodb rabbitmq rabbit elastic elasticsearch oracle mssql docker github gitlab google facebook
twitter aws azure credential credentials bearer basic digest oauth jwt session cookie refresh encryption signing master hash
salt nonce file path env environment config configuration setting variable var field input text type label hint message error
required optional minimum maximum length characters chars letters long short first second third one two three hunter2 s3cr3t
p4ssw0rd passw0rd pa55w0rd p@ssw0rd`

// codeWords are common words of code and of messages.
const codeWords = `get set add remove delete create update insert select find list show hide open close read write load save
start stop run exec call send receive handle process parse format encode decode encrypt decrypt sign verify check validate
compare equal match filter map reduce sort count size index item items array object class function method return result response
request param params parameter argument option options attribute property prop props state status code data info detail event
listener callback promise async await error exception warning debug log trace print output stream buffer byte bytes char int
integer number float double bool boolean date time timestamp year month day hour minute second version release build package
module import export require include library plugin extension component view controller model route router page link button
form table column row cell header footer body content title description image icon color style theme width height position
center left right top bottom middle inside outside before after next previous last parent child children root node tree leaf
element tag document window screen home main menu dialog modal tab panel card group role permission policy rule scope grant
admin user users member owner author profile avatar address phone street city country zip language locale country currency price
amount total order cart product payment invoice customer company team project task issue comment review message notification mail
smtp imap http https url uri ftp ssh ssl tls tcp udp socket port proxy gateway cluster node pod container image volume network
storage bucket queue topic broker worker job schedule cron batch cache memory disk cpu system kernel driver device firmware
windows linux macos android ios chrome firefox safari mobile web desktop backend frontend internal external global shared common
base core util utils helper helpers manager provider factory builder adapter wrapper handler service resource repository entity
schema query command migration seed fixture sample case suite spec assert expect should must when then given while until loop
each every all both many few more less most least other another same different above below between during without within into
from over under again once only just also even still yet already always never often please must cannot could would should will
can may might was were has have had been being are does did done make made take taken give given keep kept let put use used using
need needs want wanted know known see seen look looking come came go went gone back forward up down out sent received expired
missing found failed success successful successfully complete completed pending active inactive enabled disabled available
supported deprecated experimental beta alpha stable latest current original initial final temporary permanent static dynamic
manual automatic custom default primary secondary foreign unique partition keyboard keyword tokenizer lexer parser compiler
identifier literal expression statement operator operand register address pointer reference constant variable global local
confirm confirmation repeat reset forgot forgotten recover recovery restore backup import signup signin signout logout sign up in
out remember policy strength minimum security secured certificate cert chain issuer subject authority trust trusted algorithm
cipher block mode padding curve public private ssh rsa dsa ecdsa ed25519 aes des sha md5 hmac pbkdf2 bcrypt scrypt argon2 digest
checksum signature fingerprint thumbprint serial vault keychain keystore truststore wallet account ledger balance transfer
blue green red black white yellow orange purple grey gray dark light small large big little full half single multi multiple`

// word is what is known of a word.
type word struct {
	kind        wordKind
	stock, code bool
}

// vocabulary is all words that are known.
type vocabulary struct {
	words map[string]word
	// begins are the first three letters of words, as a set of the numbers that beginning makes of them.
	begins [1 << 15 / 64]uint64
}

// knownWords returns the vocabulary. Its map is made once, as large as it becomes: a hook that scans a few files
// makes one as well.
var knownWords = sync.OnceValue(func() *vocabulary {
	const enough = 4100
	v := &vocabulary{words: make(map[string]word, enough)}
	for kind, list := range kindWords {
		v.learn(list, 1, word{kind: wordKind(kind)})
	}
	v.learn(stockWords, 1, word{stock: true})
	v.learn(codeWords, 3, word{code: true})
	v.learn(libraryWords, 3, word{code: true})
	return v
})

// learn adds what is known of each word of a list that has the least length. The first kind counts.
func (v *vocabulary) learn(list string, least int, is word) {
	for s := range strings.FieldsSeq(list) {
		if len(s) < least {
			continue
		}
		w := v.words[s]
		v.words[s] = word{cmp.Or(w.kind, is.kind), w.stock || is.stock, w.code || is.code}
		if len(s) >= beginningLen {
			n := beginning(s)
			v.begins[n>>6] |= 1 << (n & 63)
		}
	}
}

const beginningLen = 3

// beginning makes a number of the first three letters of a word. What has no letters there shares that of others.
func beginning[S string | []byte](s S) uint {
	return uint(s[0]&31)<<10 | uint(s[1]&31)<<5 | uint(s[2]&31)
}

// mayBegin reports whether a word may begin with the letters w begins with.
func (v *vocabulary) mayBegin(w []byte) bool {
	n := beginning(w)
	return v.begins[n>>6]>>(n&63)&1 != 0
}

// words adds how much of the value is common words, and what it has in common with its name.
func (v *Verdict) words(value, name []byte) {
	if len(value) > 200 {
		value = value[:200]
	}
	known := knownWords()
	var letters, covered, stock, keys int
	splitWords(value, func(w []byte) {
		n := len(w)
		letters += n
		is := known.words[string(w)]
		switch {
		case is.kind == wordKey && n > 2:
			keys += n
			covered += n
		case is.stock && n > 1:
			stock += n
			covered += n
		case is.code || is.kind != wordNone && n > 2:
			covered += n
		default:
			k := segments(w, known)
			covered += k
		}
	})
	step := 0
	switch {
	case letters == 0 || covered == 0:
	case covered*10 < letters*3:
		step = 1
	case covered*10 < letters*6:
		step = 2
	case covered*10 < letters*9:
		step = 3
	default:
		step = 4
	}
	v.has.add(fCovered + feature(step))
	// A word by chance in a long random value says nothing: it must be a good part of it.
	v.has.addIf(keys*4 >= letters && keys > 0, fShape+shapeKeyword)
	v.has.addIf(keys > 0 && keys == letters, fShape+shapeOnlyKeys)
	v.has.addIf(stock*4 >= letters && stock > 0, fShape+shapeStock)
	v.has.addIf(stock > 0 && stock+keys == letters, fShape+shapeOnlyStock)
	v.likeName(value, name)
}

// splitWords calls yield for the runs of letters, in lower case and split at capitals. Digits count as part
// of a word only where a stock word has them.
func splitWords(s []byte, yield func([]byte)) {
	var buf [208]byte
	for i := 0; i < len(s); {
		if !isLetter(s[i]) {
			i++
			continue
		}
		j := i + 1
		for j < len(s) && j < i+200 && isLetter(s[j]) && !(isUpper(s[j]) && isLower(s[j-1])) {
			j++
		}
		yield(lower(buf[:0], s[i:j]))
		i = j
	}
}

// segments returns how many letters of w, which has no others, common words cover, taken greedily from its start.
func segments(w []byte, known *vocabulary) int {
	covered := 0
	for i := 0; i+beginningLen <= len(w); {
		n := 0
		if known.mayBegin(w[i:]) {
			for j := min(len(w), i+12); j >= i+beginningLen; j-- {
				// The conversion copies nothing.
				if is := known.words[string(w[i:j])]; is.stock || is.code || is.kind == wordKey {
					n = j - i
					break
				}
			}
		}
		if n < 4 {
			i++
			continue
		}
		covered += n
		i += n
	}
	return covered
}

// likeName adds whether the value repeats its name.
func (v *Verdict) likeName(value, name []byte) {
	var b1, b2 [maxName * 3]byte
	a, b := squeeze(b1[:0], value), squeeze(b2[:0], name)
	if len(a) < 3 || len(b) < 3 {
		return
	}
	v.has.addIf(bytes.Equal(a, b), fShape+shapeEquals)
	v.has.addIf(bytes.Contains(a, b) || bytes.Contains(b, a), fShape+shapeInName)
}

// squeeze appends the letters of s in lower case.
func squeeze(dst, s []byte) []byte {
	for _, c := range s {
		if isLetter(c) {
			dst = append(dst, c|0x20)
		}
	}
	return dst
}
