package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// message is a commit's subject, a body and its trailers, each a key and a value, which state.Trailers
// reads. What is empty is left out. Values come from people and other programs: a newline in one would
// make a trailer of its own, so it becomes a space.
func message(subject, body string, trailers [][2]string) string {
	var s strings.Builder
	s.WriteString(oneLine(subject) + "\n\n")
	if body != "" {
		s.WriteString(body + "\n\n")
	}
	for _, t := range trailers {
		if value := oneLine(t[1]); value != "" {
			s.WriteString(t[0] + ": " + value + "\n")
		}
	}
	return s.String()
}

// oneLine is text as a line of a message can hold it: in UTF-8 and without control characters, at the first
// of which git would end the message or a terminal do as it says.
func oneLine(s string) string {
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), blank), " ")
}

// digest is a name for some texts that are the same only where all of them are.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}
