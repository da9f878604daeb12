package adopt

import "strings"

// camel is a name as one word: "max-upload-size" is maxUploadSize.
func camel(name string) string {
	var b strings.Builder
	upper := false
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || b.Len() > 0 && r >= '0' && r <= '9':
			if upper && b.Len() > 0 {
				r = []rune(strings.ToUpper(string(r)))[0]
			} else if b.Len() == 0 {
				r = []rune(strings.ToLower(string(r)))[0]
			}
			b.WriteRune(r)
			upper = false
		default:
			upper = true
		}
	}
	return b.String()
}

// title is a name with its first letter in upper case.
func title(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
