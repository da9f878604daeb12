package render

import (
	"maps"
	"slices"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/state"
)

// Read is a fragment from its text alone, with its elements.
func (f Fragment) Read() (Fragment, error) {
	value, err := parsed(f)
	if err != nil {
		return f, err
	}
	if f.whole() {
		f.Elements = f.keys(value)
	} else {
		f.Elements = []state.Element{f.element(value)}
	}
	return f, nil
}

// Value is what an element of the fragment means, if it is one.
func (f Fragment) Value(e document.Element) (any, bool) {
	value, err := parsed(f)
	if err != nil {
		return nil, false
	}
	if !f.whole() {
		return value, e == document.Element{At: f.At, By: f.By, ID: f.ID}
	}
	return e.In(value)
}

// Without is a fragment without some of its elements, and false where nothing is left of it.
func (f Fragment) Without(left map[document.Element]bool) (Fragment, bool, error) {
	stays := slices.DeleteFunc(slices.Clone(f.Elements), func(e state.Element) bool { return left[e.Element] })
	if len(stays) == len(f.Elements) {
		return f, true, nil
	}
	if len(stays) == 0 {
		return f, false, nil
	}
	value, err := parsed(f)
	if err != nil {
		return f, false, err
	}
	m, _ := value.(map[string]any)
	m = maps.Clone(m)
	for e := range left {
		delete(m, e.ID)
	}
	f.Elements = stays
	f.Text = document.Append(nil, m, 0, f.Order)
	return f, true, nil
}
