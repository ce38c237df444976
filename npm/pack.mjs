// Makes the packages for npm out of a release: node npm/pack.mjs DIST OUT
//
// DIST is the directory that goreleaser wrote: metadata.json has the version, artifacts.json the programs. OUT, which must
// not exist, gets a tarball for each of the six machines, and that of the package straykey, which depends on them.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// Go's names of systems and machines, as node and npm call them.
const systems = { linux: "linux", darwin: "darwin", windows: "win32" };
const machines = { amd64: "x64", arm64: "arm64" };

const here = dirname(fileURLToPath(import.meta.url));
const [dist, out] = process.argv.slice(2);
if (!dist || !out) {
  console.error("usage: node npm/pack.mjs DIST OUT, for example: node npm/pack.mjs dist dist-npm");
  process.exit(3);
}
const readJSON = (file) => JSON.parse(readFileSync(file, "utf8"));
const writeJSON = (file, value) => writeFileSync(file, JSON.stringify(value, null, 2) + "\n");

const { version } = readJSON(join(dist, "metadata.json"));
const built = readJSON(join(dist, "artifacts.json")).filter((a) => a.type === "Binary");
const wrapper = readJSON(join(here, "straykey", "package.json"));

mkdirSync(out);
const work = mkdtempSync(join(tmpdir(), "straykey-npm-"));
const pack = (dir) => {
  copyFileSync(join(here, "..", "LICENSE"), join(dir, "LICENSE"));
  const command = ["pack", "--ignore-scripts", "--silent", "--pack-destination", resolve(out)];
  execFileSync("npm", command, { cwd: dir, stdio: "inherit", shell: process.platform === "win32" });
};

try {
  const optionalDependencies = {};
  for (const [goos, os] of Object.entries(systems)) {
    for (const [goarch, cpu] of Object.entries(machines)) {
      const found = built.filter((a) => a.goos === goos && a.goarch === goarch);
      if (found.length !== 1) throw new Error(`${dist} has ${found.length} programs for ${goos}/${goarch}, and not 1`);
      const name = `@straykey/${os}-${cpu}`;
      const dir = join(work, `${os}-${cpu}`);
      const program = join(dir, "bin", os === "win32" ? "straykey.exe" : "straykey");
      mkdirSync(join(dir, "bin"), { recursive: true });
      // Paths in artifacts.json begin at the directory that holds DIST.
      copyFileSync(join(dist, "..", found[0].path), program);
      chmodSync(program, 0o755);
      const { homepage, bugs, repository, license } = wrapper;
      writeJSON(join(dir, "package.json"), {
        name,
        version,
        description: `The program of the package straykey for ${os} on ${cpu}.`,
        homepage,
        bugs,
        repository,
        license,
        os: [os],
        cpu: [cpu],
        files: ["bin"],
        preferUnplugged: true, // Yarn would leave it in a zip, where it cannot be run
      });
      writeFileSync(join(dir, "README.md"), `The program of [straykey](https://www.npmjs.com/package/straykey) for ${os} on ${cpu}. Install that.\n`);
      optionalDependencies[name] = version;
      pack(dir);
    }
  }
  const dir = join(work, "straykey");
  cpSync(join(here, "straykey"), dir, { recursive: true });
  writeJSON(join(dir, "package.json"), { ...wrapper, version, optionalDependencies });
  pack(dir);
} finally {
  rmSync(work, { recursive: true });
}
