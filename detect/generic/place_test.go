package generic

import (
	"bytes"
	"strings"
	"testing"
)

// find returns the values that a detector finds in a line from all places where one of the words stands. A line before it is only looked
// back at.
func find(d *Detector, line string, words ...string) []string {
	line = made(line)
	text := &Text{B: []byte(line), Lo: strings.LastIndexByte(line, '\n') + 1, Hi: len(line), LineStart: true}
	low := strings.ToLower(line)
	var out []string
	seen := map[Span]bool{}
	for _, w := range words {
		for from := text.Lo; ; {
			i := strings.Index(low[from:], w)
			if i < 0 {
				break
			}
			i += from
			from = i + 1
			if d.Quick != nil && !d.Quick(text.B, i, i+len(w)) {
				continue
			}
			for _, c := range d.Find(nil, text, i, i+len(w)) {
				if !seen[c.Value] {
					out = append(out, string(c.Value.of(text.B)))
				}
				seen[c.Value] = true
			}
		}
	}
	return out
}

// made puts values in the places of {{pw}} and the like: no secret stands in a file, not even a false one.
func made(text string) string {
	return strings.NewReplacer(
		"{{pw}}", "vq8"+"Kx2", "{{two}}", "vq8"+" Kx2", "{{escaped}}", "%4d^"+"%70%71", "{{mail}}", "vq8"+"@Kx2", "{{strong}}", "t7#Kx9"+"!vQz2m", "{{low}}", "vqx"+"kzw", "{{at}}", "Ose5yN"+"@ssw0rd", "{{signs}}", "p#9"+"?xQ",
		"{{numbers}}", "13, 124, 91, 57, "+"8, 95, 15, 201, 35, 215", "{{uuid}}", "9f8a7c6b"+"-5d4e-4f2a-8b1c-"+"0d9e8f7a6b5c", "{{verifier}}", "c74f20a3+AR"+strings.Repeat("pc2Qc", 8)+"kq", "{{hex}}", "9f8a7c6b"+"5d4e3f2a", "{{HEX}}", "9F8A7C6B"+"5D4E3F2A1B0C", "{{basic}}", "c3ZjOnZx"+"OEt4Mg==", "{{latin}}", "b3d4aDo1"+"ODnCow==",
	).Replace(text)
}

type placeTest struct{ line, want string }

func testPlaces(t *testing.T, d *Detector, words []string, tests []placeTest) {
	t.Helper()
	for _, test := range tests {
		if got := strings.Join(find(d, test.line, words...), " & "); got != made(test.want) {
			t.Errorf("%s\ngot  %q\nwant %q", test.line, got, test.want)
		}
	}
}

func TestURLs(t *testing.T) {
	testPlaces(t, ByName("url"), []string{"://", "postgres"}, []placeTest{
		{`DATABASE_URL=postgres://shop:{{pw}}@db.acme.io:5432/shop`, "{{pw}}"},
		{`redis://:{{pw}}@cache:6379/0`, "{{pw}}"},
		{`"mongodb://u:{{pw}}@a:27017,b:27017/db"`, "{{pw}}"},
		{`http://a:8080,http://u:{{pw}}@b/`, "{{pw}}"},
		{`ldap://cn=admin,dc=acme,dc=io:{{pw}}@ldap.acme.io`, "{{pw}}"},
		{`ms://sa:{{at}}@localhost/`, "{{at}}"},
		{`url = "postgresql+asyncpg://u:{{signs}}@h/db"`, "{{signs}}"},
		{`fmt.Sprintf("nats://u:{{pw}}@%s:%d", host, port)`, "{{pw}}"},
		{`"http://u:{{pw}}@" + host`, "{{pw}}"},
		{`git clone https://{{hex}}1b0c9d8e@github.com/acme/x.git`, "{{hex}}1b0c9d8e"},
		{`https://{{hex}}1b0c9d8e:x-oauth-basic@github.com/acme/x.git`, "{{hex}}1b0c9d8e"},
		{`http://localhost:8080/@scope/pkg`, ""},
		{`https://unpkg.com/react@18.2.0/index.js`, ""},
		{`ssh://git@github.com:22/acme/x.git`, ""},
		{`https://user:${TOKEN}@git.acme.io/`, ""},
		{`postgres://%s:%s@%s/%s`, ""},
		{`http://%4d%65:%4d^%70@acme.io`, ""}, // three bytes
		{`http://me:{{escaped}}@acme.io`, "{{escaped}}"},
		{`https://<user>:<password>@acme.io`, ""},
		{`://[^:]+:([^@]+)@`, ""},
		{`see http://acme.io:80, or mail me@acme.io`, ""},
		{`docker://alpine@sha256:0123456789abcdef`, ""},
	})
}

func TestGoDSN(t *testing.T) {
	testPlaces(t, ByName("go-dsn"), []string{"@tcp(", "@unix("}, []placeTest{
		{`dsn := "shop:{{mail}}@tcp(db:3306)/shop"`, "{{mail}}"},
		{`DSN=u:{{pw}}@unix(/run/mysqld.sock)/app`, "{{pw}}"},
		{`dsn := "user:%s@tcp(%s)/%s"`, ""},
		{`dsn := "user@tcp(db)/app"`, ""},
		{`dsn := user + ":" + pass + "@tcp(db)/app"`, ""},
	})
}

func TestOracle(t *testing.T) {
	testPlaces(t, ByName("oracle"), []string{"sqlplus", "thin:"}, []placeTest{
		{`sqlplus shop/{{pw}}@//db:1521/orcl`, "{{pw}}"},
		{`sqlplus -s "shop/{{pw}}" @run.sql`, "{{pw}}"},
		{`jdbc:oracle:thin:shop/{{pw}}@db:1521:orcl`, "{{pw}}"},
		{`sqlplus / as sysdba`, ""},
		{`sqlplus bin/x/y.sql`, ""},
		{`jdbc:oracle:thin:@db:1521:orcl`, ""},
	})
}

func TestHeaders(t *testing.T) {
	testPlaces(t, ByName("header"), []string{"authorization", "basic", "bearer"}, []placeTest{
		{`curl -H 'Authorization: Basic {{basic}}' https://acme.io`, "{{basic}}"},
		{`"value": "Basic {{basic}}"`, "{{basic}}"},
		{`headers = {b"Authorization": b"Basic {{latin}}"}`, "{{latin}}"},
		{`Authorization: Bearer {{hex}}`, "{{hex}}"},
		{`req.Header.Set("Authorization", "Bearer {{low}}")`, "{{low}}"},
		{`'Authorization' => 'Token {{hex}}'`, "{{hex}}"},
		{`Authorization: Basic dXNlcjpwYXNzd29yZA==`, ""}, // user:password
		{`HTTP basic authentication`, ""},
		{`Basic dXNlcm5hbWU=`, ""}, // no colon
		{`the bearer of good news`, ""},
		{`the bearer authentication_scheme_of_acme`, ""},
		{`Authorization: Bearer ${TOKEN}`, ""},
		{`"Authorization": "Bearer " + token`, ""},
	})
}

func TestCookies(t *testing.T) {
	testPlaces(t, ByName("cookie"), []string{"sessid", "sessionid", "connect.sid"}, []placeTest{
		{`Cookie: PHPSESSID={{hex}}1b0c; path=/`, "{{hex}}1b0c"},
		{`curl -b 'JSESSIONID={{HEX}}; x=1' https://acme.io`, "{{HEX}}"},
		{`"Cookie": "lang=de; connect.sid=s%3A{{hex}}"`, "s%3A{{hex}}"},
		{`cookies = {'sessionid': '{{hex}}1b0c'}`, "{{hex}}1b0c"},
		{`Cookie: PHPSESSID=test`, ""},
		{`cookie.sessionid = getSession1Identifier(x)`, ""},
		{`sessionid={{hex}}1b0c`, ""}, // no cookie in sight
	})
}

func TestQueries(t *testing.T) {
	testPlaces(t, ByName("sql"), []string{"identified", "create user", "create role", "alter role", "set password"}, []placeTest{
		{`CREATE USER 'u'@'localhost' IDENTIFIED BY '{{pw}}';`, "{{pw}}"},
		{`mysql -e 'CREATE USER u IDENTIFIED BY "{{pw}}"'`, "{{pw}}"},
		{`create user u identified by {{pw}} temporary tablespace temp;`, "{{pw}}"},
		{`IDENTIFIED WITH mysql_native_password BY '{{pw}}'`, "{{pw}}"},
		{`CREATE ROLE app WITH LOGIN PASSWORD {{low}};`, "{{low}}"},
		{`"ALTER ROLE x PASSWORD '{{pw}}';"`, "{{pw}}"},
		{`SET PASSWORD FOR 'root'@'localhost' = '{{pw}}';`, "{{pw}}"},
		{`ALTER ROLE sa WITH PASSWORD = N'{{pw}}';`, "{{pw}}"},
		{"db.Exec(`CREATE USER ` + user + ` IDENTIFIED BY '` + newpw + `'`)", ""},
		{`CREATE USER u IDENTIFIED BY '{$password}'`, ""},
		{`ALTER ROLE u PASSWORD NULL`, ""},
		{`CREATE USER u IDENTIFIED EXTERNALLY`, ""},
		{`the user is identified by their name`, ""},
		{`a role that is Identified by "the name it has"`, ""},
		{`  IDENTIFIED BY '{{pw}}'`, "{{pw}}"},
	})
}

func TestOptions(t *testing.T) {
	var words []string
	for _, c := range commands {
		words = append(words, c.word)
	}
	testPlaces(t, ByName("option"), words, []placeTest{
		{`sshpass -p {{pw}} ssh root@host`, "{{pw}}"},
		{`sshpass -p'{{two}}' scp x host:`, "{{two}}"},
		{`curl -s -k --user "admin:{{pw}}" https://acme.io`, "{{pw}}"},
		{`curl -uadmin:{{pw}} https://acme.io`, "{{pw}}"},
		{`curl -u "$USER:$PASS" https://acme.io`, ""},
		{`curl -H 'X: y' -u admin:{{pw}} https://acme.io`, "{{pw}}"},
		{`mysql -uroot -p{{pw}} -e 'x'`, "{{pw}}"},
		{`mysqldump -u root -p shop > x.sql`, ""},
		{`mysql -u root -p`, ""},
		{`mysql -password -port=3306`, ""},
		{`redis-cli -h h -a {{pw}} ping`, "{{pw}}"},
		{`ldapsearch -x -D cn=admin -w {{pw}} -b dc=acme`, "{{pw}}"},
		{`docker login -u ci -p {{pw}} registry.acme.io`, "{{pw}}"},
		{`docker login --username ci --password-stdin`, ""},
		{`mkdir -p /srv/login -p`, ""},
		{`psexec \\host -u admin -p {{pw}} cmd`, "{{pw}}"},
		{`smbclient //h/s -U admin%{{pw}}`, "{{pw}}"},
		{`openssl rsa -in key.pem -passin pass:{{pw}}`, "{{pw}}"},
		{`openssl rsa -in key.pem -passin env:PASS`, ""},
		{`htpasswd -bc /etc/x admin {{pw}}`, "{{pw}}"},
		{`htpasswd -nb admin {{pw}}`, "{{pw}}"},
		{`htpasswd -c /etc/x admin`, ""},
		{`net user admin {{pw}} /add`, "{{pw}}"},
		{`net user admin /active:yes`, ""},
		{`net use Z: \\srv\share {{pw}} /user:ACME\svc`, "{{pw}}"},
		{`net use "\\srv\a b" /user:svc "{{pw}}"`, "{{pw}}"},
		{`net use Z: \\srv\share /user:ACME\svc *`, ""},
		{`net use Z: \\srv\share`, ""},
		{`net use Z: \\srv\share %PW% /user:svc`, ""},
		{`curl -sSfu ci:{{pw}} https://acme.io`, "{{pw}}"},
		{`curl -Lo unu:{{pw}} https://acme.io`, ""},
		{`openssl enc -aes-256-cbc -k {{pw}} -in a`, "{{pw}}"},
		{`docker login --password={{pw}} -u ci`, ""}, // what is assigned is for other detectors
		{`$p = ConvertTo-SecureString '{{pw}}' -AsPlainText -Force`, "{{pw}}"},
		{`$p = ConvertTo-SecureString -String "{{pw}}" -AsPlainText -Force`, "{{pw}}"},
		{`$p = "{{pw}}" | ConvertTo-SecureString -AsPlainText -Force`, "{{pw}}"},
		{`$p = ConvertTo-SecureString $plain -AsPlainText -Force`, ""},
		{`$p = ConvertTo-SecureString "<password>" -AsPlainText -Force`, ""},
		{`echo "root:{{pw}}" | chpasswd`, "{{pw}}"},
		{`echo "{{pw}}" | sudo -S reboot`, "{{pw}}"},
		{`zip -P {{pw}} backup.zip f`, "{{pw}}"},
		{`gzip -9 {{pw}}`, ""},
		{`7z x -p{{pw}} backup.7z`, "{{pw}}"},
		{`echo {{pw}} | passwd --stdin root`, "{{pw}}"},
		{`echo "$USER:$PASS" | chpasswd`, ""},
		{`git push -u origin main`, ""},
	})
}

func TestNetrc(t *testing.T) {
	testPlaces(t, ByName("netrc"), []string{"machine "}, []placeTest{
		{`machine git.acme.io login ci password {{pw}}`, "{{pw}}"},
		{`echo "machine git.acme.io password {{pw}} login ci" > ~/.netrc`, "{{pw}}"},
		{`machine git.acme.io login ci account x password {{pw}}`, "{{pw}}"},
		{`machine git.acme.io login ci password $PASSWORD`, ""},
		{`machine git.acme.io password {{pw}}`, ""},
		{`a machine whose login password nobody knows`, ""},
	})
}

func TestArguments(t *testing.T) {
	var words []string
	for _, c := range calls {
		words = append(words, c.word)
	}
	testPlaces(t, ByName("call"), words, []placeTest{
		{`req.SetBasicAuth("ci", "{{pw}}")`, "{{pw}}"},
		{`auth=HTTPBasicAuth('ci', '{{pw}}'))`, "{{pw}}"},
		{`.basic_auth("ci", Some("{{pw}}"))`, "{{pw}}"},
		{`conn.basic_auth 'ci', '{{pw}}'`, "{{pw}}"},
		{`DriverManager.getConnection("jdbc:x", "sa", "{{pw}}");`, "{{pw}}"},
		{`$db = new PDO("mysql:host=h;dbname=d", 'root', '{{pw}}', [1]);`, "{{pw}}"},
		{`return new PasswordAuthentication("ci", "{{pw}}".toCharArray());`, "{{pw}}"},
		{`smtp.PlainAuth("", "ci@acme.io", "{{pw}}", host)`, "{{pw}}"},
		{`signInWithEmailAndPassword(auth, 'a@acme.io', '{{pw}}')`, "{{pw}}"},
		{`crypto.createHmac('sha256', '{{pw}}')`, "{{pw}}"},
		{`sessions.NewCookieStore([]byte("{{pw}}"))`, "{{pw}}"},
		{`User.objects.create_user('jane', 'jane@acme.io', '{{pw}}')`, "{{pw}}"},
		{`new Sequelize('shop', 'jane', '{{pw}}', {`, "{{pw}}"},
		{`passwordEncoder().encode("{{pw}}")`, "{{pw}}"},
		{`WiFi.begin("home", "{{pw}}");`, "{{pw}}"},
		{`new ClientSecretCredential(tenant, client, "{{pw}}")`, "{{pw}}"},
		{`Jwts.builder().signWith(HS512, "{{pw}}")`, "{{pw}}"},
		{`req.SetBasicAuth(user, pass)`, ""},
		{`req.SetBasicAuth("ci", os.Getenv("PASS"))`, ""},
		{`req.SetBasicAuth("ci", prefix + "{{pw}}")`, ""},
		{`req.SetBasicAuth("ci", "{{pw}}" + suffix)`, ""},
		{`def basic_auth(self, name="{{pw}}"):`, ""},
		{`jwt.verify(token, publicKey, { issuer: '{{pw}}' })`, ""},
	})
}

// FuzzPlaces: no detector panics, reads beyond its text, or finds something else where more text stands around
// what it may depend on; two anchors that lead to the same value give the same candidate.
func FuzzPlaces(f *testing.F) {
	for _, line := range []string{
		`postgres://u:{{signs}}@h/db`, `u:{{pw}}@tcp(h)`, `sqlplus -s u/{{pw}}@h`, `Authorization: Basic {{basic}}`, `Cookie: PHPSESSID={{hex}}1b0c;`,
		`SET PASSWORD FOR x = 'y'`, `IDENTIFIED WITH a BY b`, `curl -u "a:bcdef" 'x`, `htpasswd -nb a bcdef`, `'abcd' | ConvertTo-SecureString -Force`,
		`echo -n a:bcde | chpasswd`, `net user a bcde /add`, `new PDO("a", ['b'], "cdef"`, `hmac.new(b"abcd", \"x\")`, `-passin pass:"abcd`, `machine a login b password cdef`, "psexec -u a -p \\\"abcd\\\"",
	} {
		f.Add(made(line))
	}
	words := []string{
		"://", "@tcp(", "sqlplus", "thin:", "authorization", "basic", "bearer", "sessid", "identified", "create user", "set password", "alter role", "machine ",
	}
	for _, c := range commands {
		words = append(words, c.word)
	}
	for _, c := range calls {
		words = append(words, c.word)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsRune(line, '\n') {
			return
		}
		low := bytes.ToLower([]byte(line))
		if len(low) != len(line) {
			return
		}
		for _, name := range []string{"url", "go-dsn", "oracle", "header", "cookie", "sql", "option", "call", "netrc"} {
			d := ByName(name)
			found := map[Span]Candidate{}
			for _, w := range words {
				for i := 0; i+len(w) <= len(line); i++ {
					if string(low[i:i+len(w)]) != w || d.Quick != nil && !d.Quick([]byte(line), i, i+len(w)) {
						continue
					}
					text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
					for _, c := range d.Find(nil, text, i, i+len(w)) {
						if c.Value.Lo < 0 || c.Value.Hi > len(line) || c.Value.Len() < minValue || c.Start > c.Value.Lo || c.End < c.Value.Hi || c.Name.Lo > c.Name.Hi || c.Name.Hi > len(line) {
							t.Fatalf("%s: %+v in %q", name, c, line)
						}
						if before, ok := found[c.Value]; ok && before.Group == c.Group && before.Start != c.Start && name != "option" && name != "sql" && name != "call" && name != "oracle" {
							t.Errorf("%s: %+v and %+v in %q", name, before, c, line)
						}
						found[c.Value] = c
					}
				}
			}
		}
	})
}
