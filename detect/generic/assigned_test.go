package generic

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// keyWords are the anchors of the rules on assigned values.
var keyWords = []string{"pass", "pwd", "pw=", "pw =", "pw:", "_pw", "$pw", "psw", "psk", "clave", "mdp", "haslo", "parola", "sifre", "secret", "token", "key", "auth", "cred", "salt", "nonce", "contrase", "пароль", "密码"}

// assignments returns the values that the detectors of assigned values find in a line.
func assignments(line string) string {
	var out []string
	for _, name := range []string{"password", "secret", "token", "key", "auth", "salt"} {
		out = append(out, find(ByName(name), line, keyWords...)...)
	}
	return strings.Join(out, " & ")
}

func TestAssigned(t *testing.T) {
	for _, test := range []placeTest{
		// Programming languages.
		{`password = "{{pw}}"`, "{{pw}}"},
		{`password := []byte("{{pw}}")`, "{{pw}}"},
		{`var password string = "{{pw}}"`, "{{pw}}"},
		{`val dbPassword: String = "{{pw}}"`, "{{pw}}"},
		{`static const char password[] = "{{pw}}";`, "{{pw}}"},
		{`$config['db_password'] = '{{pw}}';`, "{{pw}}"},
		{`'password' => '{{pw}}',`, "{{pw}}"},
		{`:password => "{{pw}}"`, "{{pw}}"},
		{`user.setPassword("{{pw}}");`, "{{pw}}"},
		{`env.put("db.password", "{{pw}}");`, "{{pw}}"},
		{`connect(user="u", password="{{pw}}")`, "{{pw}}"},
		{`key, err := hex.DecodeString("{{hex}}")`, "{{hex}}"},
		{`if token == "{{pw}}zz" {`, "{{pw}}zz"},
		{`password = os.getenv("DB_PASSWORD", "{{pw}}")`, "{{pw}}"},
		{`password = process.env.DB_PASSWORD || "{{pw}}"`, "{{pw}}"},
		{`auth_token <- "{{pw}}zz"`, "{{pw}}zz"},
		{`secret: @"{{pw}}zz"`, "{{pw}}zz"},
		{`password = """{{pw}}"""`, "{{pw}}"},
		{`password = "with blanks and \" quotes"`, `with blanks and \" quotes`},
		{`authData := []byte{{{numbers}}}`, "{{numbers}}"},
		// Configuration.
		{`password: {{pw}}`, "{{pw}}"},
		{`  - DB_PASSWORD={{pw}}`, "{{pw}}"},
		{`password: {{pw}}=`, "{{pw}}="},
		{`export API_TOKEN='{{pw}}zz'`, "{{pw}}zz"},
		{`ENV API_TOKEN {{pw}}zz`, "{{pw}}zz"},
		{`requirepass {{pw}}`, "{{pw}}"},
		{`"password": "{{pw}}"`, "{{pw}}"},
		{`{\"password\":\"{{pw}}\"}`, "{{pw}}"},
		{`<password>{{pw}}</password>`, "{{pw}}"},
		{`<add key="Password" value="{{pw}}"/>`, "{{pw}} & Password"}, // the second is nothing but a key word
		{`{"name": "DB_PASSWORD", "value": "{{pw}}"}`, "{{pw}}"},
		{`variable "db_password" { default = "{{pw}}" }`, "{{pw}}"},
		{`parser.add_argument("--password", default="{{pw}}")`, "{{pw}}"},
		{`requests.get(url, auth=("ci", "{{pw}}"))`, "{{pw}}"},
		{`session.auth = ('ci', "{{pw}}")`, "{{pw}}"},
		{`auth=("ci", password)`, ""},
		{`{&quot;password&quot;: &quot;{{pw}}&quot;}`, "{{pw}}"},
		{`{user: a, password: {{pw}}}`, "{{pw}}"},
		// Elsewhere.
		{`https://api.acme.io/v1?token={{pw}}zz&page=2`, "{{pw}}zz"},
		{`deploy --password {{pw}} --force`, "{{pw}}"},
		{"| password | `{{pw}}` |", "{{pw}}"},
		{`contraseña = "{{pw}}"`, "{{pw}}"},
		{`пароль: {{pw}}`, "{{pw}}"},
		{`密码：{{pw}}`, ""}, // a colon that is not ASCII
		{`$clave = "{{pw}}";`, "{{pw}}"},
		{`$mdp = '{{pw}}';`, "{{pw}}"},
		{`string AdminSifre = "{{pw}}";`, "{{pw}}"},
		{`parola corretta = "{{pw}}"`, "{{pw}}"},
		{`cercate la parola '{{pw}}' col comando`, ""},
		{`enclave = "{{pw}}"`, ""},
		{`wpa_psk={{pw}}`, "{{pw}}"},
		{`$pw = '{{pw}}';`, "{{pw}}"},
		{`dbpw: {{pw}}`, "{{pw}}"},
		{`adminPw = "{{pw}}"`, "{{pw}}"},
		{`DB_PW2="{{pw}}"`, "{{pw}}"},
		{`pw_name = "{{pw}}"`, ""},
		{`hpw = "{{pw}}"`, ""},
		{`Eg=T,pw=Y2=Eg=null;break`, ""},
		{`mR?pW=22t^M!y7VA$4dE`, ""},
		{`iUMklqJ{pw=h~s5OcLYK@|RTB`, ""},
		{`connect({pw: "{{pw}}"})`, "{{pw}}"},
		{`UID=sa;PW={{pw}};`, "{{pw}}"},
		{`passw: {{pw}}`, "{{pw}}"},
		{`mot_de_passe: {{pw}}`, "{{pw}}"},
		// What assigns nothing.
		{`password = getPassword(user)`, ""},
		{`password = os.environ["DB_PASSWORD"]`, ""},
		{`the token of the session`, ""},
		{`passed = "{{pw}}"`, ""},
		{`keyboard = "{{pw}}zz"`, ""},
		{`author = "Jane Doe"`, ""},
		{`monkey: "{{pw}}zz"`, ""},
		{`compass = "{{pw}}"`, ""},
		{`token::Ident`, ""},
		{`password = "`, ""},
		{`password =`, ""},
		{`otpauth://hotp/x`, ""},
		{`call feedkeys("ix{{pw}}\<Esc>", "tx")`, ""}, // keys to be pressed
		{`keys("{{pw}}")`, ""},
		{`setKey("{{pw}}")`, "{{pw}}"},
		{`"modkeys": "\u001b[>4;2m"`, ""}, // a command to a terminal
		{`"key": "\u001b{{pw}}"`, `\u001b{{pw}}`},
		{`to_text(password, errors='strict')`, ""},
		{`store.py,sha256={{pw}}`, ""},
		{`password, err := "{{pw}}"`, "{{pw}}"},
		{`password, err = "{{pw}}"`, "{{pw}}"},
		{`x = ['user', 'passwd', 'shadow', 'group']`, ""},
		{`m = {"password", "{{pw}}"}`, "{{pw}}"},
		{`put("password", "{{pw}}", 3)`, "{{pw}}"},
		{`resource "aws_key_pair" "deployer" {`, ""},
		{`"password" "{{pw}}"`, "{{pw}}"},
		{`<label for="password" class="wide-left">`, ""},
		{`{{on "submit" (perform this.updatePassword) on="submit"}}`, ""},
		{`docker login --password-stdin registry.acme.io`, ""},
		{`One can pass "gobuildid" to it`, ""},
		{`Pass "errbuf" to it`, ""},
		{`pass "{{pw}}"`, "{{pw}}"},
		{`get(passwd)->pw_gecos`, ""},
		{`Authorization: Digest username="{{pw}}", realm="x"`, ""},
		{`Authorization: NTLM`, ""},
		{`password: string | null = "{{pw}}"`, "{{pw}}"},
		{`password = {SSHA512}{{hex}}`, "{SSHA512}{{hex}}"},
		{`password = {{{pw}}}`, "{{{pw}}"},
		// What reads as an assignment and is none: see nosecret.go.
		{`pw := c.pw`, ""},
		{`"api_key_id": "{{uuid}}"`, ""},
		{`wget --ask-password https://acme.io/x.tgz`, ""},
		{`"api_key": "{{uuid}}"`, "{{uuid}}"},
		{`credential("amqp://ci:" + pw)`, ""},
		{`self.password = other.password`, ""},
		{`pw = c.{{pw}}`, "c.{{pw}}"},
		{`/* First pass: {{low}}, in j */`, ""},
		{"in the one pass: `{{signs}}`", ""},
		{`user sa pass: {{pw}}`, "{{pw}}"},
		{`first pass: {{pw}}, second pass: {{strong}}`, "{{pw}} & {{strong}}"},
		{`cc.has_member('struct passwd', '{{low}}')`, ""},
		{`'Test::Event::Pass' => '{{low}}',`, ""},
		{`"mysql::server::root_password": "{{pw}}"`, "{{pw}}"},
		{`'App::Token' => '{{hex}}',`, "{{hex}}"},
		{`x.RemoveAll(y => keys.Contains(y.Replace("{{pw}}", "")))`, ""},
		{`client.auth.setKey("{{pw}}")`, "{{pw}}"},
		{`    input_token.value = {{low}};`, ""},
		{`    input_token.value = {{low}}; /* owned by them */`, ""},
		{`    input_token.value = "{{low}}";`, "{{low}}"},
		{`db.password = {{pw}};`, "{{pw}}"},
		{`db.password={{low}};`, "{{low}}"},
		{`db.password = {{low}}{{low}};`, "{{low}}{{low}}"},
		{`db.password = databasePassword;`, ""},
		{`"https://acme.io/reset-password={{hex}}"`, ""},
		{`https://acme.io/login?user_password={{hex}}`, "{{hex}}"},
		{`vcap.services.mysql.credentials.name: {{hex}}`, ""},
		{`vcap.services.mysql.credentials.key: {{hex}}`, "{{hex}}"},
		{`Cookie: .ASPXAUTH={{pw}}; path=/`, ""},
		{`.ASPXAUTH={{hex}}`, "{{hex}}"},
		{`const STORAGE_KEY = 'todos-acme-3.x'`, ""},
		{`STORAGE_KEY = "{{hex}}/{{hex}}=="`, "{{hex}}/{{hex}}=="},
		{`vkey := "acme.io+{{verifier}}"`, ""},
		{`skey := "PRIVATE+KEY+acme.io+{{verifier}}"`, "PRIVATE+KEY+acme.io+{{verifier}}"},
		{`"token": "BYRADIUS",`, ""},
		{`"token": "{{HEX}}",`, "{{HEX}}"},
		{`"{\"key\":\"\\u003c\\u003e\\u0026\"}"`, ""},
		{`"key": "\x3c\x3e"`, ""},
		{`"password": "\u043f\u0430\u0440"`, ""},
		{`"token={{hex}}..."`, ""},
		{`$pw = getpwnam('{{low}}');`, ""},
		{`"auth_uuid": "{{uuid}}"`, ""},
		{`"auth_id": "{{uuid}}"`, "{{uuid}}"},
		{`"cpe:2.3:a:acme:omniauth:{{hex}}:*:*:*:*:ruby"`, ""},
		{`"acme:omniauth:{{hex}}"`, "{{hex}}"},
		{`"token={{hex}}."`, "{{hex}}"},
		{`password={{hex}}...`, ""},
		{`trying password={{strong}}... ok`, "{{strong}}"},
		{`Using generated security password: {{uuid}}`, ""},
		{`generated password: {{uuid}}`, "{{uuid}}"},
		{`<input type="hidden" name="token" id="token" value="{{hex}}">`, ""},
		{`<input name="token" value="{{hex}}">`, "{{hex}}"},
		{`<input type="hidden" name="access_token" value="{{hex}}">`, "{{hex}}"},
		{`<input type=hidden name="_token" value="{{hex}}">`, ""},
		{"timestamp: 1539112500,\ntoken: \"{{hex}}{{hex}}{{hex}}0z\",", ""},
		{"timestamp: 1539112500,\ntoken: \"{{hex}}\",", "{{hex}}"},
		{"timestamp: 1539112500,\ntoken: \"{{hex}}{{hex}}{{hex}}0-\",", "{{hex}}{{hex}}{{hex}}0-"},
		{"timestamp: now(),\ntoken: \"{{hex}}{{hex}}{{hex}}0a\",", "{{hex}}{{hex}}{{hex}}0a"},
		{"timestamp: 1539112500,\napi_token: \"{{hex}}{{hex}}{{hex}}0a\",", "{{hex}}{{hex}}{{hex}}0a"},
		// Functions that set what their argument names, and what others take beside it.
		{`define('DB_PASSWORD' , '{{pw}}');`, "{{pw}}"},
		{`env.put(Context.SECURITY_CREDENTIALS, "{{pw}}");`, "{{pw}}"},
		{`curl_easy_setopt(curl, CURLOPT_PASSWORD, "{{pw}}");`, "{{pw}}"},
		{`createUser(MEMBER_EMAIL, TEST_PASSWORD, "{{pw}}")`, ""},
		{`json={"password": STRONG_PASSWORD, "name": "{{pw}}"},`, "STRONG_PASSWORD"}, // which is not worth much
		{`prefs.getString(EXTRA_PASSWORD, "{{pw}}")`, ""},
		{`assertEqual(old_password, "{{pw}}")`, ""},
		{`find_element(By.ID, "password").send_keys("{{pw}}")`, "{{pw}}"},
		{`cy.get('#password').type('{{pw}}')`, "{{pw}}"},
		{`cy.get('#password').should('{{pw}}')`, ""},
		// Other places.
		{`char wifi_pass[32] = "{{pw}}";`, "{{pw}}"},
		{`char wifi_pass[MAX_LEN + 1] = "{{pw}}";`, "{{pw}}"},
		{`tokens[0] = "{{pw}}";`, ""},
		{`<property name="db.password">{{pw}}</property>`, "{{pw}}"},
		{`<param name="password">{{low}}</param>`, "{{low}}"},
		{`<string name="api_key">{{pw}}</string>`, "{{pw}}"},
		{`<string name="password">{{low}}</string>`, ""},
		{`<label for="password">{{pw}}</label>`, ""},
		{`<Pass encoding="base64">{{pw}}</Pass>`, "{{pw}}"},
		{`<meta-data android:name="api_key" android:value="{{pw}}"/>`, "{{pw}}"},
		{`add_argument("--password", type=str, default="{{pw}}", help="x")`, "{{pw}}"},
		{`add_argument("--password", type=str), x(default="{{pw}}")`, ""},
		{`PASSWORD="${1:-{{pw}}}"`, "{{pw}}"},
		{`password: ${MYSQL:{{pw}}}`, "{{pw}}"},
		{`password: ${DB_PASSWORD:{{pw}}}`, "${DB_PASSWORD:{{pw}} & {{pw}}"},
		{`PASSWORD=${1:?{{pw}}}`, "${1:?{{pw}}"},
		{`sign(id, process.env.JWT_SECRET || '{{pw}}')`, "{{pw}}"},
		{`sign(id, ENV['JWT_SECRET'] || '{{pw}}')`, "{{pw}}"},
		{`sign(id, opts.secret || '{{pw}}')`, ""},
		{"The default password is `{{pw}}`", "{{pw}}"},
		{`the password is '{{low}}'`, ""},
		{`the token is "{{two}}"`, ""},
		{`And I fill in "password" with "{{pw}}"`, "{{pw}}"},
		{`fill_in 'Password', with: '{{pw}}'`, "{{pw}}"},
		{`enable secret 5 {{pw}}`, "{{pw}}"},
		{`username admin password 7 {{hex}}`, "{{hex}}"},
		{`the password 7 {{hex}}`, ""},
		{`aws configure set aws_secret_access_key {{pw}}zz`, "{{pw}}zz"},
		{`${PASSWORD}    {{pw}}`, "{{pw}}"},
		{`${PASSWORD} {{pw}}`, ""},
		// Sentences, and phrases in quotes.
		{`Move client ID and secret to settings ref=[#{{pw}}]`, ""},
		{`password as String = "{{pw}}"`, "{{pw}}"},
		{`has_member('struct passwd', '{{pw}}', prefix: '#include <pwd.h>')`, ""},
		{`"This is a top-100 common password":"{{pw}}"`, ""},
		{`"Old DB password": "{{pw}}"`, "{{pw}}"},
		{`"Production DB admin password": "{{pw}}"`, "{{pw}}"},
		{`"Production DB admin password": "{{low}}"`, ""},
		{`rootpass: {{low}}{{low}}, user root`, "{{low}}{{low}}"},
		{`/* First pass: tally, in j, the size */`, ""},
		{`askpass: coerce answers to UTF-8`, ""},
		{`pass: {{low}}`, "{{low}}"},
		// Other variables.
		{`if test $pass = dlpreopen || test x != y; then`, ""},
		{`  # $pass = dlpreopen`, ""},
		{`$pass = "{{pw}}";`, "{{pw}}"},
		{`data->set.httpauth = CURLAUTH_AWS_SIGV4;`, ""},
		{`*userpwd = other_ptr; /* for later */`, ""},
		{`key="Server=db; Password = {{pw}};"`, "{{pw}} & Server=db; Password = {{pw}};"},
		{`PASSWORD={{pw}}; export PASSWORD`, "{{pw}}"},
		{`newpass = check_output(['pwgen', '-s', length])`, ""},
		{`newpass = decode("{{pw}}")`, "{{pw}}"},
		// Names that say so.
		{`"hashed_secret": "{{hex}}",`, ""},
		{`applicationServerKey: decode("{{hex}}")`, ""},
		{`'translation_key' => 'bought_a_home',`, ""},
		{`TRANSLATION_KEY={{hex}}`, "{{hex}}"},
		{`->middleware(['auth', 'throttle:6,1'])`, ""},
		{`['auth', '{{hex}}']`, "{{hex}}"},
		{`"{{ lookup('my_password', '{{pw}}', length=8) }}"`, ""},
		// Values that are none.
		{`"password_new": "Confirmaci\u00f3n",`, ""},
		{`"password_new": "caf\u00e9-{{pw}}!",`, `caf\u00e9-{{pw}}!`},
		{`# omniauth CVE-2015-9284`, ""},
		{`key_arg:45,64;master_key:351=ar1;0;47;11,160,384;`, ""},
		{`rc4_key_st:T133=s1032x:4,0,32;y:4,32,32;`, ""},
		{`'password' => 'crwdns706:0crwdne706:0',`, ""},
	} {
		if got := assignments(test.line); got != made(test.want) {
			t.Errorf("%s\ngot  %q\nwant %q", test.line, got, test.want)
		}
	}
}

// TestSealed: ciphertexts of Sealed Secrets are told by the length that they begin with.
func TestSealed(t *testing.T) {
	for _, test := range []struct {
		size, more int
		want       bool
	}{{512, 30, true}, {256, 30, true}, {384, 16, true}, {512, 10, false}, {512, -100, false}, {513, 30, false}, {0, 600, false}} {
		sealed := make([]byte, 2+test.size+test.more)
		for i := range sealed {
			sealed[i] = byte(i * 7)
		}
		sealed[0], sealed[1] = byte(test.size>>8), byte(test.size)
		text := base64.StdEncoding.EncodeToString(sealed)
		if got := none([]byte(text)); got != test.want {
			t.Errorf("a ciphertext of %d bytes and %d more: %t", test.size, test.more, got)
		}
		if got := assignments("password: " + text); test.want && got != "" {
			t.Errorf("a ciphertext of %d bytes is found", test.size)
		}
	}
}

func TestGroupOf(t *testing.T) {
	for name, want := range map[string]Group{
		"db_password": Password, "passwordSalt": Salt, "client_secret": Secret, "secret_key": Secret, "SECRET_ACCESS_KEY": Secret,
		"token_secret": Secret, "password_reset_token": Token, "apiKey": Key, "nkey": Key, "oauth_token": Token, "credentials": Auth, "userId": ID,
		"authenticity_token": Salt, "csrf-token": Salt, "csrfmiddlewaretoken": Salt, "__RequestVerificationToken": Salt,
		"WTF_CSRF_SECRET_KEY": Secret, "xsrfTokenKey": Token, "csrf_token_secret": Secret, "x-csrf-token": Token,
	} {
		if got := groupOf([]byte(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestFamilies checks that the rows of features follow one another without gaps, and that the table of weights
// is of these features.
func TestFamilies(t *testing.T) {
	next := feature(0)
	for _, f := range families {
		if f.first != next {
			t.Errorf("family %s begins at %d, want %d", f.name, f.first, next)
		}
		next += feature(max(1, len(f.values)))
	}
	if next != nFeatures {
		t.Errorf("the families have %d features, want %d", next, nFeatures)
	}
	if int(nFeatures) > 64*len(features{}) {
		t.Errorf("%d features do not fit the set", nFeatures)
	}
	seen := map[string]bool{}
	for _, name := range FeatureNames() {
		if name == "" || strings.HasSuffix(name, ".") || seen[name] {
			t.Errorf("feature %q has no name of its own", name)
		}
		seen[name] = true
	}
}

// TestScore checks what must hold whatever was learnt.
func TestScore(t *testing.T) {
	verdict := func(line, path string) Verdict {
		t.Helper()
		text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
		i := strings.Index(strings.ToLower(line), "pass")
		found := ByName("password").Find(nil, text, i, i+4)
		if len(found) != 1 {
			t.Fatalf("%s: %d candidates", line, len(found))
		}
		v := Score(text, &found[0])
		if v.At(path) > v.Highest() {
			t.Errorf("%s at %s: %.2f is over the highest, %.2f", line, path, v.At(path), v.Highest())
		}
		var sum float32
		for _, term := range v.Terms(path) {
			sum += term.Weight
		}
		if d := sum - v.At(path); d > 0.001 || d < -0.001 {
			t.Errorf("%s: the terms sum to %.3f, not %.3f", line, sum, v.At(path))
		}
		return v
	}
	score := func(line, path string) float32 {
		v := verdict(line, path)
		return v.At(path)
	}
	level := func(line, path string) int {
		v := verdict(line, path)
		return v.Level(path)
	}
	secret := made(`password = "{{strong}}"`)
	if level(secret, "config/prod.py") < 1 {
		t.Error("a password is none")
	}
	if a, b := score(secret, "src/test/app.py"), score(secret, "src/main/app.py"); a >= b {
		t.Errorf("a test file does not lower the score: %.2f, %.2f", a, b)
	}
	for _, line := range []string{`password = "changeme"`, `password = "${DB_PASSWORD}"`, `password: "Enter your password."`, `password = "********"`, `password = "<password>"`} {
		if level(line, "config/prod.py") >= 1 {
			t.Errorf("%s is taken for a secret", line)
		}
	}
	for _, line := range []string{`password = "hunter42"`, `password = "p4ssw0rd1"`, `password = "electric-hamster"`} {
		if level(line, "src/test/app.py") >= 1 {
			t.Errorf("%s in a test is taken for a secret in use", line)
		}
	}
	for _, line := range []string{`DB_PASSWORD = "tiger-sunset-4711"`, `DB_PASSWORD = "electric-hamster-9"`, `password: falcon#river82`} {
		for _, path := range []string{"deploy/settings.py", "config/prod.yml", "src/app.py"} {
			if level(line, path) < 1 {
				t.Errorf("%s in %s is no secret in use", line, path)
			}
		}
		for _, path := range []string{"tests/settings.py", "examples/app.py", "docs/install.md"} {
			if got := level(line, path); got != 0 {
				t.Errorf("%s in %s has level %d, want low", line, path, got)
			}
		}
	}
	if level(secret, "src/test/app.py") < 0 {
		t.Error("a test file hides a password")
	}
	for _, line := range []string{`password = 'sk_live_[0-9a-zA-Z]{24}'`, `password = "prefix-{{alnum 32}}"`} {
		if got := level(line, "config/prod.py"); got >= 0 {
			t.Errorf("%s is reported", line)
		}
	}
}

// FuzzFind reads any bytes: a candidate lies within its line, is no longer than values may be, and its score
// depends on nothing beyond Context.
func FuzzFind(f *testing.F) {
	for _, s := range []string{`password = "v"`, `{\"token\":\"v\"}`, "<key>v", `auth: [1,2,3`, `secret="""`, "salt=&quot;", `pass||=`, "\xffkey\xc3=\x80\x80\x80\x80"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		low := bytes.ToLower(line)
		if len(low) != len(line) {
			return // letters whose other case is longer
		}
		for _, w := range keyWords {
			for from := 0; ; from++ {
				i := bytes.Index(low[from:], []byte(w))
				if i < 0 {
					break
				}
				from += i
				for _, d := range detectors {
					if d.Scan != nil || d.Quick != nil && !d.Quick(line, from, from+len(w)) {
						continue
					}
					text := &Text{B: line, Hi: len(line), LineStart: true}
					for _, c := range d.Find(nil, text, from, from+len(w)) {
						if c.Start > c.Value.Lo || c.Value.Lo >= c.Value.Hi || c.End < c.Value.Hi || c.Start < 0 || c.End > len(line) {
							t.Fatalf("%q: %+v is no candidate", line, c)
						}
						v := Score(text, &c)
						near := &Text{B: line, Lo: max(0, c.Start-Context), Hi: min(len(line), c.End+Context), LineStart: c.Start <= Context}
						if w := Score(near, &c); w.Logit != v.Logit {
							t.Fatalf("%q: the score %v depends on what is far away: %v", line, v.Logit, w.Logit)
						}
					}
				}
			}
		}
	})
}
