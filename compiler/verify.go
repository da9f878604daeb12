package compiler

import (
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/verify"
)

// VerifyOptions say what is put up with; see the package verify.
type VerifyOptions = verify.Options

// Verify reads again what commits of a local clone of the charts repo changed. Revs is BASE..HEAD; it needs
// no declarations, no network and no checkout.
func Verify(dir, revs string, o VerifyOptions) (*verify.Report, error) {
	history, err := repo.OpenHistory(dir)
	if err != nil {
		return nil, err
	}
	defer history.Close()
	span, err := history.Span(revs)
	if err != nil {
		return nil, err
	}
	return verify.Commits(history, span, o)
}
