#!/usr/bin/env node
// Runs the HTTP cache tests of cache-tests.fyi (folder cache-tests) through a forward proxy.
//
// Client and origin are this one process: the suite's engine sends its requests to the proxy, and an
// origin on loopback answers them with the suite's handlers. README.md tells how to read the results.
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

import { runTests } from './cache-tests/test-engine/client/runner.mjs'
import { testResults } from './cache-tests/test-engine/client/test.mjs'
import { determineTestResult, resultTypes } from './cache-tests/test-engine/lib/results.mjs'
import handleConfig from './cache-tests/test-engine/server/handle-config.mjs'
import handleState from './cache-tests/test-engine/server/handle-state.mjs'
import handleTest from './cache-tests/test-engine/server/handle-test.mjs'
import suites from './cache-tests/tests/index.mjs'

const USAGE = `Usage: node cache-tests.mjs PROXY [--only SUITE_OR_ID]... [--verbose] [--write]

Runs the HTTP cache tests through PROXY, such as http://127.0.0.1:3128, which must connect to
loopback addresses. Results go to stdout as JSON, a summary to stderr.

  --only SUITE_OR_ID  run this suite or test only; may be given more than once
  --verbose           run each test that does not pass again, and show its requests and responses
  --write             rewrite expectations.toml; what was expected before keeps its reason`

// As many tests run at the same time as the suite's own command runs.
const PARALLEL = 25
const KINDS = ['required', 'optimal', 'check']
const EXPECTATIONS = new URL('expectations.toml', import.meta.url)

// The engine's verdicts, by our names. A `check` asks what a cache does: its "no" counts as a fail.
const OUTCOMES = new Map([
  [resultTypes.pass, 'pass'],
  [resultTypes.yes, 'pass'],
  [resultTypes.fail, 'fail'],
  [resultTypes.optional_fail, 'fail'],
  [resultTypes.no, 'fail'],
  [resultTypes.dependency_fail, 'blocked'],
  [resultTypes.setup_fail, 'setup'],
  [resultTypes.retry, 'retry'],
  [resultTypes.harness_fail, 'harness'],
  [resultTypes.untested, 'untested']
])

let dumping = false
console.log = (...parts) => { if (dumping) console.error(...parts) } // stdout is for the results

await main()

async function main () {
  const { proxy, only, verbose, write } = commandLine()
  const undici = throughProxy(proxy)
  const origin = await startOrigin()
  const base = `http://127.0.0.1:${origin.address().port}`
  try {
    await demandVia(base, proxy)
    const selected = select(only)
    await run(withDependencies(selected), base, PARALLEL)
    const results = Object.fromEntries(selected.map(test => [test.id, describe(test)]))
    if (verbose) await showAgain(selected, results, base)
    summarize(Object.values(results))
    if (write) writeExpectations(results)
    process.stdout.write(JSON.stringify(results, null, 2) + '\n')
  } catch (error) {
    fail(1, error.message)
  } finally {
    origin.close()
    origin.closeAllConnections()
    await undici.getGlobalDispatcher().destroy()
  }
}

function commandLine () {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        only: { type: 'string', multiple: true, default: [] },
        verbose: { type: 'boolean' },
        write: { type: 'boolean' }
      }
    })
    if (values.help) {
      process.stdout.write(USAGE + '\n')
      process.exit(0)
    }
    if (positionals.length !== 1) throw new Error('expected one argument: the URL of a proxy')
    if (values.write && values.only.length > 0) throw new Error('--write needs all tests')
    return { proxy: new URL(positionals[0]).href, ...values }
  } catch (error) {
    fail(64, `${error.message}\n\n${USAGE}`)
    process.exit()
  }
}

function fail (code, message) {
  console.error(`error: ${message}`)
  process.exitCode = code
}

// Sends all that the engine fetches to the proxy, as absolute URLs and not through CONNECT.
//
// node's own fetch has an undici of its own, which follows node's version; the pinned one takes its
// place. For interim responses the engine makes an Agent, which would go around the proxy.
function throughProxy (uri) {
  let undici
  try {
    undici = createRequire(import.meta.url)('undici')
  } catch (error) {
    fail(1, `${error.message.split('\n')[0]}: run npm ci in the folder of this program first`)
    process.exit()
  }
  const options = { uri, proxyTunnel: false }
  undici.Agent = class extends undici.ProxyAgent {
    constructor () { super(options) }
  }
  undici.setGlobalDispatcher(new undici.ProxyAgent(options))
  globalThis.fetch = undici.fetch
  return undici
}

// The suite's server without its files, and on loopback only.
function startOrigin () {
  const pages = {
    config: handleConfig,
    state: handleState,
    test: handleTest,
    via: (_, request, response) => response.end(request.headers.via ?? '')
  }
  const server = http.createServer((request, response) => {
    const [page, ...segments] = new URL(request.url, 'http://origin').pathname.split('/').slice(1)
    const handle = pages[page]
    if (handle) return handle(segments, request, response)
    response.writeHead(404).end()
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

// A run that bypasses the proxy would be worthless, and look like one of a cache that stores nothing.
async function demandVia (base, proxy) {
  const response = await fetch(`${base}/via`).catch(error => {
    throw new Error(`no answer from ${proxy}: ${error.cause?.message ?? error.message}`)
  })
  const via = await response.text()
  if (response.status !== 200) throw new Error(`${proxy} answers ${response.status}: ${via.trim()}`)
  if (via === '') throw new Error('no Via reached the origin: is there a proxy in between?')
  console.error(`The origin sees Via: ${via}`)
}

// All tests that concern a shared cache which is no CDN.
function applicable () {
  return suites.flatMap(suite => suite.tests
    .filter(test => !test.browser_only && !test.cdn_only)
    .map(test => ({ ...test, kind: test.kind ?? 'required', suite: suite.id })))
}

function select (only) {
  const all = applicable()
  const unknown = only.find(name => !all.some(test => test.suite === name || test.id === name))
  if (unknown) {
    const names = [...new Set(all.map(test => test.suite))].join(', ')
    throw new Error(`no suite or test ${unknown}; the suites are ${names}`)
  }
  return all.filter(test => only.length === 0 || only.includes(test.suite) || only.includes(test.id))
}

function withDependencies (tests) {
  const byId = new Map(applicable().map(test => [test.id, test]))
  const needed = new Map()
  const need = test => {
    if (needed.has(test.id)) return
    needed.set(test.id, test)
    for (const id of test.depends_on ?? []) need(byId.get(id))
  }
  tests.forEach(need)
  return [...needed.values()]
}

async function run (tests, base, parallel) {
  const waiting = tests.values()
  const work = async () => {
    for (const { suite, ...test } of waiting) {
      delete testResults[test.id]
      // The engine writes dates into the tests it runs.
      await runTests([{ id: suite, tests: [structuredClone(test)] }], false, base)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
}

function outcome (id) {
  return OUTCOMES.get(determineTestResult(suites, id, testResults))
}

function describe ({ id, kind, suite, name, depends_on: needs = [] }) {
  const result = outcome(id)
  const described = { kind, suite, name, result }
  if (result === 'pass') return described
  const missing = needs.filter(need => outcome(need) !== 'pass')
  const own = testResults[id]?.[1] ?? ''
  return { ...described, detail: result === 'blocked' ? `needs ${missing.join(', ')}` : own }
}

async function showAgain (tests, results, base) {
  dumping = true
  for (const test of tests.filter(test => results[test.id].result !== 'pass')) {
    console.error(`\n##### ${test.id} (${test.kind}): ${test.name}\n`)
    await run([{ ...test, dump: true }], base, 1)
    const again = testResults[test.id]
    console.error(`  ==> ${again === true ? 'passes by itself' : again.join(': ')}`)
  }
  dumping = false
}

function summarize (results) {
  const count = (kind, suite, result) => results.filter(one => one.kind === kind &&
    (suite === undefined || one.suite === suite) &&
    (result === undefined || one.result === result)).length
  const row = (name, suite) => console.error([
    name.padEnd(18),
    ...KINDS.map(kind => {
      const all = count(kind, suite)
      return (all === 0 ? '' : `${count(kind, suite, 'pass')}/${all}`).padStart(9)
    })
  ].join(' ').trimEnd())
  console.error(['\npassed'.padEnd(19), ...KINDS.map(kind => kind.padStart(9))].join(' '))
  for (const suite of new Set(results.map(one => one.suite))) row(suite, suite)
  row('all')
  for (const kind of KINDS) {
    const parts = [...OUTCOMES.values()].filter((one, i, all) => all.indexOf(one) === i)
      .map(result => [count(kind, undefined, result), result])
      .filter(([number]) => number > 0)
      .map(([number, result]) => `${number} ${result}`)
    if (parts.length > 0) console.error(`${kind}: ${parts.join(', ')}`)
  }
}

function writeExpectations (results) {
  const known = readReasons()
  const tables = Object.entries(results)
    .filter(([, { result }]) => result !== 'pass')
    .map(([id, { kind, result }]) => {
      const key = /^[\w-]+$/.test(id) ? id : JSON.stringify(id)
      const reason = JSON.stringify(known.get(id) ?? '')
      return `\n[${key}]\nkind = "${kind}"\noutcome = "${result}"\nreason = ${reason}\n`
    })
  fs.writeFileSync(EXPECTATIONS, `# Every cache test that does not pass through a member, and why.
#
# \`cache-tests.mjs PROXY --write\` rewrites this file. It keeps reasons by id: look through those of
# tests whose outcome has changed.
${tables.join('')}`)
}

// Reads back what writeExpectations() writes: one line for a table's name, one for each value.
function readReasons () {
  const reasons = new Map()
  if (!fs.existsSync(EXPECTATIONS)) return reasons
  let id
  for (const line of fs.readFileSync(EXPECTATIONS, 'utf8').split('\n')) {
    const [, quoted, bare] = /^\[(?:(".*")|(.*))\]$/.exec(line) ?? []
    if (quoted ?? bare) id = quoted ? JSON.parse(quoted) : bare
    const [, reason] = /^reason = (".*")$/.exec(line) ?? []
    if (reason) reasons.set(id, JSON.parse(reason))
  }
  return reasons
}
