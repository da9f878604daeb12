package commit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/token"
	"io"
	"strconv"
	"time"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/promote"
)

// line is one intent of a batch.
type line struct {
	Image     string      `json:"image"`
	Tag       string      `json:"tag"`
	Env       string      `json:"env"`
	Automatic *bool       `json:"automatic"`
	Sequence  json.Number `json:"sequence"`
	By        string      `json:"by"`
	Reason    string      `json:"reason"`
	Source    string      `json:"source"`
	Intent    string      `json:"intent"`
	At        time.Time   `json:"at"`
}

// Bounds of a batch: a line is one bump, and no day has had so many.
const (
	maxLine    = 64 << 10
	maxIntents = 100_000
)

// ReadIntents reads intents, one a line as JSON. What a line leaves out is taken from a common one. All
// that is wrong is found, and then nothing is asked for. Name is for findings.
func ReadIntents(name string, r io.Reader, common Intent) ([]Intent, error) {
	var intents []Intent
	var findings diag.List
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	wrong := func(what string) {
		findings = append(findings, diag.Finding{
			Rule:  "batch",
			Where: token.Position{Filename: name, Line: n},
			What:  what,
			Fix:   `write one bump a line, such as {"image": "shop", "tag": "v13", "env": "staging", "automatic": true}`,
		})
	}
	for lines.Scan() {
		n++
		data := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(data) == 0 {
			continue
		}
		in, err := intent(data, common)
		if err != nil {
			wrong(err.Error())
			continue
		}
		if intents = append(intents, in); len(intents) > maxIntents {
			wrong(fmt.Sprintf("more than %d bumps in one batch", maxIntents))
			break
		}
	}
	if err := lines.Err(); err != nil {
		n++
		if err != bufio.ErrTooLong {
			return nil, fmt.Errorf("read the batch: %w", err)
		}
		wrong(fmt.Sprintf("the line has more than %d KB", maxLine>>10))
	}
	return intents, findings.Err()
}

func intent(data []byte, common Intent) (Intent, error) {
	in := common
	var l line
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return in, fmt.Errorf("this is no bump as JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return in, fmt.Errorf("there is more than one bump in this line")
	}
	if _, err := strconv.ParseUint(string(l.Sequence), 10, 64); l.Sequence != "" && err != nil {
		return in, fmt.Errorf("sequence %s is no number from 0 up", l.Sequence)
	}
	for _, must := range []struct{ field, value string }{{"image", l.Image}, {"tag", l.Tag}, {"env", l.Env}} {
		if must.value == "" {
			return in, fmt.Errorf("%s is missing", must.field)
		}
	}
	if at := l.At.UTC(); !at.IsZero() && (at.Unix() < 0 || at.Year() > 9999) {
		return in, fmt.Errorf("at %s is no time that a commit can have", at.Format(time.RFC3339))
	}
	in.Image, in.Tag, in.Environment, in.Sequence, in.ID = l.Image, l.Tag, l.Env, string(l.Sequence), l.Intent
	in.By, in.Reason, in.Source = cmp.Or(l.By, in.By), cmp.Or(l.Reason, in.Reason), cmp.Or(l.Source, in.Source)
	if l.Automatic != nil {
		in.Kind = promote.ManualBump
		if *l.Automatic {
			in.Kind = promote.AutomaticBump
		}
	}
	if !l.At.IsZero() {
		in.At = l.At
	}
	return in, nil
}
