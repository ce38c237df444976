package detect

import "bytes"

// placeholder reports whether a value that a name alone makes a secret is plainly none: a
// template, a reference, a word that says "put yours here", one character
// repeated or counted up. It is used for assigned and weak rules only; nothing
// that carries a provider's own prefix is judged by its looks.
func placeholder(v []byte) bool {
	if len(v) == 0 || repeated1(v) || counting(v) {
		return true
	}
	switch {
	case v[0] == '$', v[0] == '<', v[0] == '%' && v[len(v)-1] == '%', v[0] == '{', v[0] == '[':
		return true
	}
	lower := bytes.ToLower(v)
	for _, w := range placeholderWords {
		// A word inside a long random value proves nothing: the rest must be short.
		if i := bytes.Index(lower, w); i >= 0 && len(v)-len(w) < 12 {
			return true
		}
	}
	return false
}

var placeholderWords = [][]byte{
	[]byte("example"), []byte("changeme"), []byte("change-me"), []byte("change_me"), []byte("placeholder"), []byte("your-"),
	[]byte("your_"), []byte("yourpass"), []byte("yourkey"), []byte("insert"), []byte("replace"), []byte("redacted"),
	[]byte("dummy"), []byte("xxxx"), []byte("****"), []byte("...."), []byte("null"), []byte("undefined"), []byte("${"), []byte("{{"),
}

// repeated1 reports whether v has at most two different bytes.
func repeated1(v []byte) bool {
	a, b := v[0], v[0]
	for _, c := range v {
		if c != a && c != b {
			if b != a {
				return false
			}
			b = c
		}
	}
	return true
}

// counting reports whether v counts up or down from byte to byte, as 123456 and abcdef do.
func counting(v []byte) bool {
	steps := 0
	for i := 1; i < len(v); i++ {
		d := int(v[i]) - int(v[i-1])
		if d == 1 || d == -1 || d == -9 { // 9 to 0
			steps++
		}
	}
	return steps*4 >= (len(v)-1)*3
}
