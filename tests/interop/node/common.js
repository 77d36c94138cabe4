'use strict';
// What both Node suites share: the region's address, the report, the packages.

const assert = require('assert');
const dns = require('dns');
const path = require('path');
const { createRequire } = require('module');

// The packages lie in the folder that run.py names, not beside this file.
const packages = createRequire(path.join(process.env.SPILLWAY_NODE_MODULES, 'index.js'));

// glibc does not know PROJECT.localhost; a look-up of this process's own does.
const systemLookup = dns.lookup;
dns.lookup = (host, options, done) => {
  const callback = done || options;
  if (!host.endsWith('.localhost')) return systemLookup(host, options, done);
  if (options.all) return callback(null, [{ address: '127.0.0.1', family: 4 }]);
  return callback(null, '127.0.0.1', 4);
};

const region = {
  endpoint: 'localhost:' + process.env.SPILLWAY_PORT,
  keyId: process.env.SPILLWAY_KEY_ID,
  secret: process.env.SPILLWAY_KEY_SECRET,
  project: process.env.SPILLWAY_PROJECT,
};

const nowSeconds = () => Math.floor(Date.now() / 1000);
const lineIndex = (...fields) => {
  const token = [',', ' ', ':', '=', '\n'];
  const entry = { type: 'text', token, caseSensitive: false };
  return {
    line: { token, caseSensitive: false },
    keys: Object.fromEntries(fields.map((field) => [field, { ...entry }])),
    ttl: 7,
  };
};

/// The call is refused with this code; `codeOf` finds it in what the client throws.
async function refused(code, call, codeOf = (error) => error.code) {
  let error;
  await call().catch((thrown) => { error = thrown; });
  if (!error) throw new Error(`accepted, wanted ${code}`);
  assert.strictEqual(codeOf(error), code, `${codeOf(error)}: ${error.message}`);
}

async function run(name, checks, skips) {
  console.log(`client\t${name}\t${packages(`${name}/package.json`).version}`);
  for (const [check, body] of Object.entries(checks)) {
    try {
      await body();
      console.log(`pass\t${check}`);
    } catch (error) {
      console.error(check, error);
      console.log(`fail\t${check}\t${String(error.message || error).replace(/\s+/g, ' ')}`);
    }
  }
  for (const [check, why] of Object.entries(skips)) console.log(`skip\t${check}\t${why}`);
  process.exit(0);  // keep-alive connections would hold the process
}

module.exports = { lineIndex, nowSeconds, packages, refused, region, run };
