#!/usr/bin/env node
// Starts the straykey of the package for this machine, with its streams, and ends as it does.
"use strict";

const { spawn } = require("node:child_process");

const machine = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "straykey.exe" : "straykey";

// A gate that cannot look must not pass: 3 is straykey's exit code for a wrong set-up.
function fail(message) {
  console.error(`straykey: ${message}`);
  process.exit(3);
}

let program;
try {
  program = require.resolve(`@straykey/${machine}/bin/${file}`);
} catch {
  fail(
    `the package @straykey/${machine} is not installed. Install again with optional dependencies, on this kind of machine: ` +
      "npm install --include=optional straykey. Other ways: https://github.com/straykey/straykey/blob/main/docs/install.md",
  );
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`${program} cannot be started: ${error.message}`));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

// An interrupt from the keyboard reaches the program without us, and a second one would end it at once; it reports what it has
// found, and that is waited for.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
