package adopt

import "slices"

// mergeOrders is one order of all keys, in which each list's own order is kept where they agree:
// what only a later list has stands behind what it follows there.
func mergeOrders(lists [][]string) []string {
	var merged []string
	for _, l := range lists {
		at := 0
		for _, key := range l {
			if i := slices.Index(merged, key); i >= 0 {
				at = i + 1
				continue
			}
			merged = slices.Insert(merged, at, key)
			at++
		}
	}
	return merged
}

// sortedExcept finds the fewest names that must be listed for every list to come out as it is:
// listed names first, in one order for all lists, and the rest sorted. It is not ok where two lists
// contradict each other.
func sortedExcept(lists [][]string) (first []string, ok bool) {
	listed := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, l := range lists {
			for _, name := range l[:unsorted(l, listed)] {
				if !listed[name] {
					listed[name], changed = true, true
				}
			}
		}
	}
	return topological(lists, listed)
}

// unsorted is the length of the part of l that cannot be left to sorting: up to the last name that
// is listed already, or that does not come before all that follow.
func unsorted(l []string, listed map[string]bool) int {
	i := len(l)
	for i > 0 && !listed[l[i-1]] && (i == len(l) || l[i-1] < l[i]) {
		i--
	}
	return i
}

// topological orders the listed names as every list has them.
func topological(lists [][]string, listed map[string]bool) ([]string, bool) {
	after := map[string]map[string]bool{} // name -> names that come right before it somewhere
	for name := range listed {
		after[name] = map[string]bool{}
	}
	for _, l := range lists {
		before := ""
		for _, name := range l {
			if !listed[name] {
				continue
			}
			if before != "" {
				after[name][before] = true
			}
			before = name
		}
	}
	preferred := mergeOrders(lists)
	var out []string
	for len(after) > 0 {
		i := slices.IndexFunc(preferred, func(name string) bool {
			waits, left := after[name]
			return left && len(waits) == 0
		})
		if i < 0 {
			return nil, false
		}
		next := preferred[i]
		out = append(out, next)
		delete(after, next)
		for _, waits := range after {
			delete(waits, next)
		}
	}
	return out, true
}
