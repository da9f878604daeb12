package adopt

import (
	"cmp"
	"fmt"
	"slices"
)

// A fact is a text that each environment has its own of: its name, a domain, an account.
type fact struct {
	expr   string            // how declarations refer to it
	values map[string]string // by environment
}

// shortestFact is the least that is worth a name: shorter texts stand in others by chance.
const shortestFact = 3

// longestText is the longest one in which facts are looked for.
const longestText = 16 << 10

// facts are what the environments say of themselves: their names, and the texts among their defaults.
func (s *survey) facts(base string) []fact {
	name := fact{expr: base + "name", values: map[string]string{}}
	facts := []fact{name}
	index := map[string]int{}
	for _, p := range s.environments {
		name.values[p.name] = p.name
		for _, top := range p.defaults.entries() {
			text := top.value.text()
			if len(text) < shortestFact {
				continue
			}
			i, known := index[top.name]
			if !known {
				i = len(facts)
				index[top.name] = i
				facts = append(facts, fact{expr: base + selected("values", top.name), values: map[string]string{}})
			}
			facts[i].values[p.name] = text
		}
	}
	return facts
}

// interpolate makes t one text for all environments, in which facts stand for what differs. It is
// exact: put in, they give each of the values.
func (f *factoring) interpolate(t *term, values []*node, environments []string) bool {
	m := matcher{dead: map[string]bool{}}
	for _, v := range values {
		text, ok := v.scalar.(string)
		if !ok || len(text) > longestText {
			return false
		}
		m.texts = append(m.texts, text)
	}
	for _, fact := range f.facts {
		if said := pick(indices(environments), func(i int) string { return fact.values[environments[i]] }); usable(said) {
			m.facts = append(m.facts, fact.expr)
			m.said = append(m.said, said)
		}
	}
	parts, ok := m.match(make([]int, len(values)))
	if !ok {
		return false
	}
	t.parts = tidy(parts)
	if len(t.parts) == 1 && t.parts[0].expr != "" {
		t.expr = t.parts[0].expr
	}
	return true
}

// usable reports whether a fact is known in each environment, and not the same in all.
func usable(said []string) bool {
	differs := false
	for _, s := range said {
		if len(s) < shortestFact {
			return false
		}
		differs = differs || s != said[0]
	}
	return differs
}

// A matcher reads several texts side by side.
type matcher struct {
	texts []string
	facts []string
	said  [][]string      // each fact's text, by text
	dead  map[string]bool // positions from which there is no way to the end
}

// match reads on from the given positions: the longest fact that stands in every text, else a
// letter that they all have.
func (m *matcher) match(at []int) ([]part, bool) {
	if m.ended(at) {
		return nil, true
	}
	here := fmt.Sprint(at)
	if m.dead[here] {
		return nil, false
	}
	var fitting []int
	for i := range m.facts {
		if m.fits(i, at) {
			fitting = append(fitting, i)
		}
	}
	slices.SortStableFunc(fitting, func(a, b int) int { return cmp.Compare(m.length(b), m.length(a)) })
	for _, i := range fitting {
		next := pick(indices(m.texts), func(j int) int { return at[j] + len(m.said[i][j]) })
		if rest, ok := m.match(next); ok {
			return append([]part{{expr: m.facts[i]}}, rest...), true
		}
	}
	if letter, ok := m.letter(at); ok {
		next := pick(indices(m.texts), func(j int) int { return at[j] + 1 })
		if rest, ok := m.match(next); ok {
			return append([]part{{text: letter}}, rest...), true
		}
	}
	m.dead[here] = true
	return nil, false
}

func (m *matcher) ended(at []int) bool {
	for j, text := range m.texts {
		if at[j] < len(text) {
			return false
		}
	}
	return true
}

// fits reports whether a fact stands in every text at its position, as a word of its own.
func (m *matcher) fits(fact int, at []int) bool {
	for j, text := range m.texts {
		said := m.said[fact][j]
		end := at[j] + len(said)
		if end > len(text) || text[at[j]:end] != said {
			return false
		}
		if at[j] > 0 && wordLetter(text[at[j]-1]) || end < len(text) && wordLetter(text[end]) {
			return false
		}
	}
	return true
}

func wordLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

func (m *matcher) length(fact int) int {
	sum := 0
	for _, s := range m.said[fact] {
		sum += len(s)
	}
	return sum
}

func (m *matcher) letter(at []int) (string, bool) {
	for j, text := range m.texts {
		if at[j] >= len(text) || text[at[j]] != m.texts[0][at[0]] {
			return "", false
		}
	}
	return m.texts[0][at[0] : at[0]+1], true
}

// tidy joins letters to texts.
func tidy(parts []part) []part {
	var out []part
	for _, p := range parts {
		if last := len(out) - 1; last >= 0 && p.expr == "" && out[last].expr == "" {
			out[last].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}
