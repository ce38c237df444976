package generic

import (
	"bytes"
	"slices"
)

// Context is how many bytes of its lines before and after a candidate its verdict may depend on.
const Context = 512

// The longest names and values that are read.
const (
	maxName  = 80
	maxValue = 1024
	// minValue is the shortest value that is worth a score.
	minValue = 4
)

// Span is text[Lo:Hi].
type Span struct{ Lo, Hi int }

// Len is the length of the span in bytes.
func (s Span) Len() int { return s.Hi - s.Lo }

func (s Span) of(text []byte) []byte { return text[s.Lo:s.Hi] }

// Text is what a detector may look at: B[Lo:Hi], which is the line of the anchor or a part of it.
type Text struct {
	B         []byte
	Lo, Hi    int
	LineStart bool // B[Lo] begins the line
	// AskedBefore says that something depended on the line before, or on there being none.
	AskedBefore bool
}

// before returns the line before, or its last bytes.
func (t *Text) before() []byte {
	t.AskedBefore = true
	if !t.LineStart || t.Lo == 0 {
		return nil
	}
	end := t.Lo - 1
	lo := max(0, end-Context)
	return t.B[lo+bytes.LastIndexByte(t.B[lo:end], '\n')+1 : end]
}

// Group is a kind of candidates that share weights: what the name says the value is, or the sort of
// place it stands in.
type Group uint8

// The groups. The first ones are told by the words of a name, in falling order of precedence.
const (
	Password Group = iota
	Secret
	Token
	Key
	Auth
	Salt    // salts and nonces
	ID      // identifiers that are no secrets
	URL     // a password in a URL
	Header  // the value of an HTTP header
	nGroups // how many there are
)

var groupNames = [nGroups]string{
	"password", "secret", "token", "key", "auth", "salt", "id", "url", "header",
}

func (g Group) String() string { return groupNames[g] }

// Op is what stands between a name and its value.
type Op uint8

// The operators, by what they mean.
const (
	OpNone    Op = iota // nothing: the place alone tells
	OpAssign            // = and its kin, also := and <-
	OpColon             // : as in YAML and JSON
	OpArrow             // => and ->
	OpCompare           // == != ===
	OpCall              // setX("v"), f(name, "v")
	OpComma             // put("key", "v")
	OpElement           // <name>v</name>
	OpSpace             // name v
	OpOther
	nOps
)

var opNames = [nOps]string{"none", "assign", "colon", "arrow", "compare", "call", "comma", "element", "space", "other"}

// Quote is what encloses a value.
type Quote uint8

// The quotes.
const (
	Bare    Quote = iota // nothing
	Double               // "…"
	Single               // '…'
	Back                 // `…`
	Escaped              // \"…\" within another string
	nQuotes
)

var quoteNames = [nQuotes]string{"bare", "double", "single", "back", "escaped"}

// Candidate is a value that may be a secret.
type Candidate struct {
	Group Group
	Op    Op
	Quote Quote
	// Wrapped says that the value is the argument of a call that is assigned: []byte("v"), hex.Decode("v").
	Wrapped bool
	Name    Span   // what names the value; empty if nothing does
	As      string // what the place says the value is, as a name would; empty: the name itself says it
	Value   Span   // what would be reported as the secret
	Start   int    // where the match begins: the name, or the URL around the value
	End     int    // and where it ends
	// Apart says that what stands around it tells nothing: it is judged as name: value on a line of its own.
	Apart bool
	Plain []byte // of an Apart one: what the value stands for, if it is in base64; nil: itself
}

// apart returns the line that an Apart candidate is judged on, and the candidate there.
func (c *Candidate) apart(t *Text) (*Text, *Candidate) {
	value := c.Plain
	if value == nil {
		value = c.Value.of(t.B)
	}
	line := append(slices.Concat(c.Name.of(t.B), []byte(": ")), value...)
	on := *c
	on.Name = Span{0, c.Name.Len()}
	on.Value = Span{len(line) - len(value), len(line)}
	on.Start, on.End, on.Quote = 0, len(line), Bare
	return &Text{B: line, Hi: len(line), LineStart: true}, &on
}
