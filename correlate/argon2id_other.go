//go:build !amd64

package correlate

// compress sets b to what x and y are mixed to. b may be one of them, scratch may not.
func (b *block) compress(x, y, scratch *block) { b.compressWords(x, y, scratch) }
