package ruletest

import (
	"bytes"
	"time"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

const (
	corpusSize = 512 << 10
	// slowRule is what a rule may add to a megabyte of code. The anchor pass over all
	// rules takes about two milliseconds.
	slowRule = 20 * time.Millisecond
	// notedCost is what is worth knowing.
	notedCost = time.Millisecond / 2
)

// checkCost measures each rule on its own against a set that finds nothing.
func (l *linter) checkCost(chosen []*rules.Rule, timeOf func(*rules.Rule, []byte) (time.Duration, error)) error {
	text := corpus()
	base, err := timeOf(&rules.Rule{ID: "base", Token: `zqxjkvbp_[0-9]{9}`}, text)
	if err != nil {
		return err
	}
	for _, r := range chosen {
		if onPathAlone(r) {
			continue
		}
		t, err := timeOf(r, text)
		if err != nil {
			return err
		}
		perMB := (t - base) * (1 << 20) / corpusSize
		l.rule = r
		key, _ := expression(r)
		switch {
		case perMB > notedCost && perMB <= slowRule:
			l.say(LevelNote, "cost", key, "takes %.1f ms for a megabyte of code", float64(perMB)/float64(time.Millisecond))
		case perMB > slowRule:
			l.say(LevelWarning, "slow", key, "takes %d ms for a megabyte of code; a longer or rarer anchor, or a tighter expression, makes it faster", perMB.Milliseconds())
		}
	}
	return nil
}

// timeOf returns how long one rule takes for a text: the least of five runs, because a
// loaded machine only ever adds.
func timeOf(r *rules.Rule, text []byte) (time.Duration, error) {
	alone := *r
	alone.Required = nil // their rules are not there
	engine, err := detect.New(&rules.Set{Rules: []*rules.Rule{&alone}}, detect.Options{Now: now})
	if err != nil {
		return 0, err
	}
	s := engine.NewScanner()
	s.Scan(text[:1<<10]) // compile
	least := time.Duration(1 << 62)
	for range 5 {
		start := time.Now()
		s.Scan(text)
		least = min(least, time.Since(start))
	}
	return least, s.Err()
}

// corpus is text with the words and the texture of code and configuration, and
// with as many names of secrets as such files have, but without secrets. It is the
// same in every process.
func corpus() []byte {
	templates := []string{
		"func {w}{W}({w} {W}, err error) *{W} {\n\treturn &{W}{{w}: {n}}\n}\n",
		"\t\tif {w}.{w}({n}) != nil && {w}[{n}] == \"{w} {w}\" {\n",
		"// {W} {w} the {w} of a {w}, and returns its {w} {w}.\n",
		"const {w}_{w} = {\"{w}\": [{n}, {n}, {n}], \"{w}-{w}\": \"{w}\"};\n",
		"{w}_{s} = os.environ.get(\"{w}_{s}\", None)\n",
		"  {s}: ${{ secrets.{w} }}\n",
		"<{w} id=\"{h}\" class=\"{w} {w}\">{w} {w}</{w}>\n",
		"\"{w}/{w}\": { \"version\": \"{n}.{n}\", \"integrity\": \"sha256-{h}{h}\" },\n",
		"import {w}{W} from \"@{w}/{w}-{w}\";\n",
		"user.{s}({w}, {w}).then({w} => {w}.{s}.{w}());\n",
	}
	words := []string{"value", "client", "request", "buffer", "index", "server", "config", "handler", "name", "result", "stream", "user", "state", "parse", "format", "account"}
	secrets := []string{"token", "secret", "password", "api_key", "access_key", "auth", "credential", "private_key"}
	r := forge.New("lint corpus")
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	var b bytes.Buffer
	for b.Len() < corpusSize {
		t := pick(templates)
		for i := 0; i < len(t); i++ {
			if i+2 >= len(t) || t[i] != '{' || t[i+2] != '}' {
				b.WriteByte(t[i])
				continue
			}
			switch t[i+1] {
			case 'w':
				b.WriteString(pick(words))
			case 'W':
				w := pick(words)
				b.WriteString(string(w[0]-'a'+'A') + w[1:])
			case 's':
				b.WriteString(pick(secrets))
			case 'n':
				b.WriteString(forge.Chars(r, "0123456789", 3))
			case 'h':
				b.WriteString(forge.Chars(r, forge.Hex, 32))
			}
			i += 2
		}
	}
	return b.Bytes()[:corpusSize]
}
