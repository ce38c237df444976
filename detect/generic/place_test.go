package generic

import (
	"bytes"
	"strings"
	"testing"
)

// find returns the values that a detector finds in a line from all places where one of the words stands.
func find(d *Detector, line string, words ...string) []string {
	text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
	low := strings.ToLower(line)
	var out []string
	seen := map[Span]bool{}
	for _, w := range words {
		for from := 0; ; {
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

type placeTest struct{ line, want string }

func testPlaces(t *testing.T, d *Detector, words []string, tests []placeTest) {
	t.Helper()
	for _, test := range tests {
		if got := strings.Join(find(d, test.line, words...), " & "); got != test.want {
			t.Errorf("%s\ngot  %q\nwant %q", test.line, got, test.want)
		}
	}
}

func TestURLs(t *testing.T) {
	testPlaces(t, ByName("url"), []string{"://", "postgres"}, []placeTest{
		{`DATABASE_URL=postgres://shop:vq8Kx2@db.acme.io:5432/shop`, "vq8Kx2"},
		{`redis://:vq8Kx2@cache:6379/0`, "vq8Kx2"},
		{`"mongodb://u:vq8Kx2@a:27017,b:27017/db"`, "vq8Kx2"},
		{`http://a:8080,http://u:vq8Kx2@b/`, "vq8Kx2"},
		{`ms://sa:Ose5yN@ssw0rd@localhost/`, "Ose5yN@ssw0rd"},
		{`url = "postgresql+asyncpg://u:p#9?xQ@h/db"`, "p#9?xQ"},
		{`fmt.Sprintf("nats://u:vq8Kx2@%s:%d", host, port)`, "vq8Kx2"},
		{`"http://u:vq8Kx2@" + host`, "vq8Kx2"},
		{`git clone https://9f8a7c6b5d4e3f2a1b0c9d8e@github.com/acme/x.git`, "9f8a7c6b5d4e3f2a1b0c9d8e"},
		{`https://9f8a7c6b5d4e3f2a1b0c9d8e:x-oauth-basic@github.com/acme/x.git`, "9f8a7c6b5d4e3f2a1b0c9d8e"},
		{`http://localhost:8080/@scope/pkg`, ""},
		{`https://unpkg.com/react@18.2.0/index.js`, ""},
		{`ssh://git@github.com:22/acme/x.git`, ""},
		{`https://user:${TOKEN}@git.acme.io/`, ""},
		{`postgres://%s:%s@%s/%s`, ""},
		{`https://<user>:<password>@acme.io`, ""},
		{`://[^:]+:([^@]+)@`, ""},
		{`see http://acme.io:80, or mail me@acme.io`, ""},
		{`docker://alpine@sha256:0123456789abcdef`, ""},
	})
}

func TestGoDSN(t *testing.T) {
	testPlaces(t, ByName("go-dsn"), []string{"@tcp(", "@unix("}, []placeTest{
		{`dsn := "shop:vq8@Kx2@tcp(db:3306)/shop"`, "vq8@Kx2"},
		{`DSN=u:vq8Kx2@unix(/run/mysqld.sock)/app`, "vq8Kx2"},
		{`dsn := "user:%s@tcp(%s)/%s"`, ""},
		{`dsn := "user@tcp(db)/app"`, ""},
		{`dsn := user + ":" + pass + "@tcp(db)/app"`, ""},
	})
}

func TestOracle(t *testing.T) {
	testPlaces(t, ByName("oracle"), []string{"sqlplus", "thin:"}, []placeTest{
		{`sqlplus shop/vq8Kx2@//db:1521/orcl`, "vq8Kx2"},
		{`sqlplus -s "shop/vq8Kx2" @run.sql`, "vq8Kx2"},
		{`jdbc:oracle:thin:shop/vq8Kx2@db:1521:orcl`, "vq8Kx2"},
		{`sqlplus / as sysdba`, ""},
		{`sqlplus bin/x/y.sql`, ""},
		{`jdbc:oracle:thin:@db:1521:orcl`, ""},
	})
}

func TestHeaders(t *testing.T) {
	testPlaces(t, ByName("header"), []string{"authorization", "basic", "bearer"}, []placeTest{
		{`curl -H 'Authorization: Basic c3ZjOnZxOEt4Mg==' https://acme.io`, "c3ZjOnZxOEt4Mg=="},
		{`"value": "Basic c3ZjOnZxOEt4Mg=="`, "c3ZjOnZxOEt4Mg=="},
		{`headers = {b"Authorization": b"Basic b3d4aDo1ODnCow=="}`, "b3d4aDo1ODnCow=="},
		{`Authorization: Bearer 9f8a7c6b5d4e3f2a`, "9f8a7c6b5d4e3f2a"},
		{`req.Header.Set("Authorization", "Bearer vqxkzw")`, "vqxkzw"},
		{`'Authorization' => 'Token 9f8a7c6b5d4e3f2a'`, "9f8a7c6b5d4e3f2a"},
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
		{`Cookie: PHPSESSID=9f8a7c6b5d4e3f2a1b0c; path=/`, "9f8a7c6b5d4e3f2a1b0c"},
		{`curl -b 'JSESSIONID=9F8A7C6B5D4E3F2A1B0C; x=1' https://acme.io`, "9F8A7C6B5D4E3F2A1B0C"},
		{`"Cookie": "lang=de; connect.sid=s%3A9f8a7c6b5d4e3f2a"`, "s%3A9f8a7c6b5d4e3f2a"},
		{`cookies = {'sessionid': '9f8a7c6b5d4e3f2a1b0c'}`, "9f8a7c6b5d4e3f2a1b0c"},
		{`Cookie: PHPSESSID=test`, ""},
		{`cookie.sessionid = getSession1Identifier(x)`, ""},
		{`sessionid=9f8a7c6b5d4e3f2a1b0c`, ""}, // no cookie in sight
	})
}

func TestQueries(t *testing.T) {
	testPlaces(t, ByName("sql"), []string{"identified", "create user", "create role", "alter role", "set password"}, []placeTest{
		{`CREATE USER 'u'@'localhost' IDENTIFIED BY 'vq8Kx2';`, "vq8Kx2"},
		{`mysql -e 'CREATE USER u IDENTIFIED BY "vq8Kx2"'`, "vq8Kx2"},
		{`create user u identified by vq8Kx2 temporary tablespace temp;`, "vq8Kx2"},
		{`IDENTIFIED WITH mysql_native_password BY 'vq8Kx2'`, "vq8Kx2"},
		{`CREATE ROLE app WITH LOGIN PASSWORD vqxkzw;`, "vqxkzw"},
		{`"ALTER ROLE x PASSWORD 'vq8Kx2';"`, "vq8Kx2"},
		{`SET PASSWORD FOR 'root'@'localhost' = 'vq8Kx2';`, "vq8Kx2"},
		{"db.Exec(`CREATE USER ` + user + ` IDENTIFIED BY '` + newpw + `'`)", ""},
		{`CREATE USER u IDENTIFIED BY '{$password}'`, ""},
		{`ALTER ROLE u PASSWORD NULL`, ""},
		{`CREATE USER u IDENTIFIED EXTERNALLY`, ""},
		{`the user is identified by their name`, ""},
		{`a role that is Identified by "the name it has"`, ""},
		{`  IDENTIFIED BY 'vq8Kx2'`, "vq8Kx2"},
	})
}

func TestOptions(t *testing.T) {
	var words []string
	for _, c := range commands {
		words = append(words, c.word)
	}
	testPlaces(t, ByName("option"), words, []placeTest{
		{`sshpass -p vq8Kx2 ssh root@host`, "vq8Kx2"},
		{`sshpass -p'vq8 Kx2' scp x host:`, "vq8 Kx2"},
		{`curl -s -k --user "admin:vq8Kx2" https://acme.io`, "vq8Kx2"},
		{`curl -uadmin:vq8Kx2 https://acme.io`, "vq8Kx2"},
		{`curl -u "$USER:$PASS" https://acme.io`, ""},
		{`curl -H 'X: y' -u admin:vq8Kx2 https://acme.io`, "vq8Kx2"},
		{`mysql -uroot -pvq8Kx2 -e 'x'`, "vq8Kx2"},
		{`mysqldump -u root -p shop > x.sql`, ""},
		{`mysql -u root -p`, ""},
		{`mysql -password -port=3306`, ""},
		{`redis-cli -h h -a vq8Kx2 ping`, "vq8Kx2"},
		{`ldapsearch -x -D cn=admin -w vq8Kx2 -b dc=acme`, "vq8Kx2"},
		{`docker login -u ci -p vq8Kx2 registry.acme.io`, "vq8Kx2"},
		{`docker login --username ci --password-stdin`, ""},
		{`mkdir -p /srv/login -p`, ""},
		{`psexec \\host -u admin -p vq8Kx2 cmd`, "vq8Kx2"},
		{`smbclient //h/s -U admin%vq8Kx2`, "vq8Kx2"},
		{`openssl rsa -in key.pem -passin pass:vq8Kx2`, "vq8Kx2"},
		{`openssl rsa -in key.pem -passin env:PASS`, ""},
		{`htpasswd -bc /etc/x admin vq8Kx2`, "vq8Kx2"},
		{`htpasswd -nb admin vq8Kx2`, "vq8Kx2"},
		{`htpasswd -c /etc/x admin`, ""},
		{`net user admin vq8Kx2 /add`, "vq8Kx2"},
		{`net user admin /active:yes`, ""},
		{`$p = ConvertTo-SecureString 'vq8Kx2' -AsPlainText -Force`, "vq8Kx2"},
		{`$p = ConvertTo-SecureString -String "vq8Kx2" -AsPlainText -Force`, "vq8Kx2"},
		{`$p = "vq8Kx2" | ConvertTo-SecureString -AsPlainText -Force`, "vq8Kx2"},
		{`$p = ConvertTo-SecureString $plain -AsPlainText -Force`, ""},
		{`$p = ConvertTo-SecureString "<password>" -AsPlainText -Force`, ""},
		{`echo "root:vq8Kx2" | chpasswd`, "vq8Kx2"},
		{`echo vq8Kx2 | passwd --stdin root`, "vq8Kx2"},
		{`echo "$USER:$PASS" | chpasswd`, ""},
		{`git push -u origin main`, ""},
	})
}

func TestNetrc(t *testing.T) {
	testPlaces(t, ByName("netrc"), []string{"machine "}, []placeTest{
		{`machine git.acme.io login ci password vq8Kx2`, "vq8Kx2"},
		{`echo "machine git.acme.io password vq8Kx2 login ci" > ~/.netrc`, "vq8Kx2"},
		{`machine git.acme.io login ci account x password vq8Kx2`, "vq8Kx2"},
		{`machine git.acme.io login ci password $PASSWORD`, ""},
		{`machine git.acme.io password vq8Kx2`, ""},
		{`a machine whose login password nobody knows`, ""},
	})
}

func TestArguments(t *testing.T) {
	var words []string
	for _, c := range calls {
		words = append(words, c.word)
	}
	testPlaces(t, ByName("call"), words, []placeTest{
		{`req.SetBasicAuth("ci", "vq8Kx2")`, "vq8Kx2"},
		{`auth=HTTPBasicAuth('ci', 'vq8Kx2'))`, "vq8Kx2"},
		{`.basic_auth("ci", Some("vq8Kx2"))`, "vq8Kx2"},
		{`conn.basic_auth 'ci', 'vq8Kx2'`, "vq8Kx2"},
		{`DriverManager.getConnection("jdbc:x", "sa", "vq8Kx2");`, "vq8Kx2"},
		{`$db = new PDO("mysql:host=h;dbname=d", 'root', 'vq8Kx2', [1]);`, "vq8Kx2"},
		{`return new PasswordAuthentication("ci", "vq8Kx2".toCharArray());`, "vq8Kx2"},
		{`smtp.PlainAuth("", "ci@acme.io", "vq8Kx2", host)`, "vq8Kx2"},
		{`signInWithEmailAndPassword(auth, 'a@acme.io', 'vq8Kx2')`, "vq8Kx2"},
		{`crypto.createHmac('sha256', 'vq8Kx2')`, "vq8Kx2"},
		{`sessions.NewCookieStore([]byte("vq8Kx2"))`, "vq8Kx2"},
		{`req.SetBasicAuth(user, pass)`, ""},
		{`req.SetBasicAuth("ci", os.Getenv("PASS"))`, ""},
		{`req.SetBasicAuth("ci", prefix + "vq8Kx2")`, ""},
		{`req.SetBasicAuth("ci", "vq8Kx2" + suffix)`, ""},
		{`def basic_auth(self, name="vq8Kx2"):`, ""},
		{`jwt.verify(token, publicKey, { issuer: 'vq8Kx2' })`, ""},
	})
}

// FuzzPlaces: no detector panics, reads beyond its text, or finds something else where more text stands around
// what it may depend on; two anchors that lead to the same value give the same candidate.
func FuzzPlaces(f *testing.F) {
	for _, line := range []string{
		`postgres://u:p#9?xQ@h/db`, `u:vq8Kx2@tcp(h)`, `sqlplus -s u/vq8Kx2@h`, `Authorization: Basic c3ZjOnZxOEt4Mg==`, `Cookie: PHPSESSID=9f8a7c6b5d4e3f2a1b0c;`,
		`SET PASSWORD FOR x = 'y'`, `IDENTIFIED WITH a BY b`, `curl -u "a:bcdef" 'x`, `htpasswd -nb a bcdef`, `'abcd' | ConvertTo-SecureString -Force`,
		`echo -n a:bcde | chpasswd`, `net user a bcde /add`, `new PDO("a", ['b'], "cdef"`, `hmac.new(b"abcd", \"x\")`, `-passin pass:"abcd`, `machine a login b password cdef`, "psexec -u a -p \\\"abcd\\\"",
	} {
		f.Add(line)
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
