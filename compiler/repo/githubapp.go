package repo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A GitHubApp is an app that is installed on GitHub, and may have a token for what it was installed on.
type GitHubApp struct {
	ID           string // of the app, or its client ID
	Installation string
	Key          []byte // PEM, PKCS #1 or PKCS #8
	API          string // such as https://api.github.com; "" is the one of the charts repo's host
}

// appFrom takes an app from the environment, where one is set.
func appFrom(env func(string) string) (*GitHubApp, error) {
	names := []string{"PINTLE_GITHUB_APP_ID", "PINTLE_GITHUB_APP_INSTALLATION", "PINTLE_GITHUB_APP_KEY"}
	var missing []string
	for _, name := range names {
		if env(name) == "" {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == len(names):
		return nil, nil
	case len(missing) > 0:
		return nil, fmt.Errorf("a GitHub app needs %s: set %s too", strings.Join(names, ", "), strings.Join(missing, " and "))
	}
	key, err := keyOrFile(env(names[2]))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", names[2], err)
	}
	if _, err := jwt.ParseRSAPrivateKeyFromPEM(key); err != nil {
		return nil, fmt.Errorf("%s holds no RSA private key; give the .pem file that GitHub made for the app", names[2])
	}
	return &GitHubApp{ID: env(names[0]), Installation: env(names[1]), Key: key, API: env("PINTLE_GITHUB_API")}, nil
}

// keyOrFile is a key that is given as such or as a file. Some CI systems write a line break as \n.
func keyOrFile(s string) ([]byte, error) {
	if !strings.Contains(s, "-----BEGIN") {
		return os.ReadFile(s)
	}
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, `\n`, "\n")
	}
	return []byte(strings.TrimSpace(s) + "\n"), nil
}

// token is a new token of the installation, which lives an hour.
func (g *GitHubApp) token(ctx context.Context, now time.Time, client *http.Client) (string, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(g.Key)
	if err != nil {
		return "", unusable{fmt.Errorf("GitHub app %s: its key is no RSA private key", g.ID)}
	}
	// A minute of leeway for clocks that disagree; GitHub takes ten minutes at most.
	proof, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    g.ID,
		IssuedAt:  jwt.NewNumericDate(now.Add(-time.Minute)),
		ExpiresAt: jwt.NewNumericDate(now.Add(9 * time.Minute)),
	}).SignedString(key)
	if err != nil {
		return "", fmt.Errorf("GitHub app %s: %w", g.ID, err)
	}
	var made struct{ Token string }
	at := g.API + "/app/installations/" + url.PathEscape(g.Installation) + "/access_tokens"
	err = callGitHub(ctx, client, http.MethodPost, at, proof, nil, &made)
	if err == nil && made.Token == "" {
		err = errors.New("there is no token in the answer")
	}
	if err == nil {
		return made.Token, nil
	}
	var refused apiError
	check := ""
	switch {
	case !errors.As(err, &refused), refused.passing():
	case refused.Status == http.StatusUnauthorized:
		check = "; check that the key is one of this app, that its ID is right, and that this machine's clock is"
	case refused.Status == http.StatusNotFound:
		check = fmt.Sprintf("; check that %s is an installation of this app, and that nobody removed it", g.Installation)
	case refused.Status == http.StatusForbidden:
		check = "; check that the installation is not suspended, and that nobody took its permissions"
	}
	return "", fmt.Errorf("token of GitHub app %s: %w%s", g.ID, err, check)
}

// An apiError is an answer of GitHub's API that is no success.
type apiError struct {
	Status  int
	Message string
}

func (e apiError) Error() string {
	return fmt.Sprintf("GitHub says %d %s", e.Status, e.Message)
}

// passing reports whether it may be over in a while.
func (e apiError) passing() bool {
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || strings.Contains(e.Message, "rate limit")
}

// callGitHub makes one call of GitHub's REST API. in and out are JSON; in may be nil.
func callGitHub(ctx context.Context, client *http.Client, method, at, token string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", "pintle")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	const largest = 8 << 20
	data, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return apiError{resp.StatusCode, gitHubMessage(resp.StatusCode, data)}
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s does not answer as GitHub's API does", req.URL.Host)
	}
	return nil
}

// gitHubMessage is what an answer says went wrong, with its details.
func gitHubMessage(status int, data []byte) string {
	var said struct {
		Message string
		Errors  []json.RawMessage
	}
	_ = json.Unmarshal(data, &said) // what is no JSON says nothing
	if said.Message == "" {
		return http.StatusText(status)
	}
	message := said.Message
	for _, e := range said.Errors {
		var detail struct{ Message, Field, Code string }
		var text string
		switch {
		case json.Unmarshal(e, &detail) == nil && detail.Message != "":
			text = detail.Message
		case detail.Field != "":
			text = detail.Field + ": " + detail.Code
		default:
			_ = json.Unmarshal(e, &text) // some are plain strings
		}
		if text != "" {
			message += "; " + text
		}
	}
	return message
}
