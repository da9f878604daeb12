package main

import (
	"strings"
	"testing"
)

// Every command shows how it is used, and says what it does in full sentences.
func TestEveryCommandHasAnExample(t *testing.T) {
	for _, cmd := range (&program{}).root().Commands() {
		if !strings.Contains(cmd.Example, "pintle "+cmd.Name()) {
			t.Errorf("pintle %s --help has no example of it", cmd.Name())
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("pintle %s has no short description, or one that ends in a full stop", cmd.Name())
		}
	}
}
