// A test runner for Stryker that keeps the loaded tests and code between mutants. Jest loads every module anew for each
// mutant, which takes most of the time; here a mutant costs what its tests take. Stryker decides which tests to run and
// stops what hangs.
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jestExpect } from '@jest/expect';
import { commonTokens, declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import { addEventHandler, describe, getState, resetState, run, setState, test } from 'jest-circus';
import { isSampled } from './sample.js';

/** jest.config.js has the same. */
const TEST_TIMEOUT = 30_000;
const SAMPLE = Number(process.env.MUTATION_SAMPLE ?? 1);
/** In a sample, a mutant whose tests have noticed nothing for so long counts as survived, in microseconds of CPU time. */
const MOST = SAMPLE < 1 ? 2_000_000 : Number.POSITIVE_INFINITY;
/** A survivor whose tests take longer, in milliseconds, is not tried again: that can only make a score too low. */
const LONG = 2000;
/** How long a test of random inputs may try to notice a mutant, in milliseconds: most that it notices, it notices soon. */
const RANDOM_TIME = 300;
/** How many tests run before it is asked whether to go on with slower ones. */
const STAGE = 30;
/** How many of the tests that noticed most mutants of a file run first. */
const PROVEN = 5;
/** Where the worker of the dry run tells the others, in the copy of the project that they share, what it learnt of the tests. */
const LEARNT = 'learnt.json';

class CircusRunner {
  static inject = [commonTokens.logger];

  #logger;
  #stryker;
  #testFiles = JSON.parse(process.env.MUTATION_TESTS ?? '[]');
  /** The test files that are loaded, with the state that defining their tests left behind. */
  #files = new Map();
  /** All tests of these files by id. */
  #tests = new Map();
  /** Grows with each loading; see loader.js. */
  #version = 0;
  /** Whether what is loaded counts which tests reach which mutant. */
  #isCounting = false;
  /** True after a mutant was there while modules were loaded. */
  #tainted = true;
  #running;
  #bail = false;
  #begin;
  /** Ids of tests that fail without a change, and test files that do not even load; see LEARNT. */
  #leftOut;
  /** By id, how many milliseconds a test took without a mutant. */
  #times;
  /** By file of code, how many mutants each test noticed. */
  #noticed = new Map();

  constructor(logger) {
    this.#logger = logger;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    globalThis.__stryker__ ??= {};
    this.#stryker = globalThis.__stryker__;
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    globalThis.C1_AUDIT_VERSION = version;
    process.env.NODE_ENV = 'test';
    // testRule uses Jest's globals.
    Object.assign(globalThis, { describe, test });
    register(new URL('./loader.js', import.meta.url));
    await import(pathToFileURL(join(process.cwd(), 'test/helpers/hermetic.ts')).href);
    addEventHandler((event, state) => this.#follow(event, state));
    for (const name of ['uncaughtException', 'unhandledRejection'])
      process.on(name, (error) => this.#running?.errors.push([error, new Error()]));
  }

  async dryRun({ coverageAnalysis }) {
    this.#stryker.mutantCoverage = coverageAnalysis === 'off' ? undefined : { static: {}, perTest: {} };
    this.#reset();
    this.#isCounting = true;
    this.#leftOut = await this.#unloadable();
    const first = await this.#run();
    this.#isCounting = false;
    const coverage = this.#stryker.mutantCoverage;
    this.#stryker.mutantCoverage = undefined;
    // What cannot be run twice would fail for every mutant.
    const second = await this.#run();
    const failing = new Set(
      [...first, ...second].filter(({ errors }) => errors.length > 0).map(({ id }) => id),
    );
    this.#leftOut.push(...failing);
    if (this.#leftOut.length > 0)
      this.#logger.warn(`Left out, as they fail here without a change:\n  ${this.#leftOut.join('\n  ')}`);
    const times = second.map(({ id, milliseconds }) => [id, milliseconds]);
    this.#times = new Map(times);
    writeFileSync(LEARNT, JSON.stringify({ leftOut: this.#leftOut, times }));
    return {
      status: DryRunStatus.Complete,
      tests: first
        .filter(({ id }) => !failing.has(id))
        .map(({ id, file, milliseconds, skipped }) => ({
          id,
          name: id,
          fileName: join(process.cwd(), file),
          timeSpentMs: milliseconds,
          status: skipped ? TestStatus.Skipped : TestStatus.Success,
        })),
      mutantCoverage: coverage && this.#spread(coverage, failing),
    };
  }

  async mutantRun({ activeMutant, testFilter, disableBail, hitLimit, mutantActivation }) {
    if (!this.#times) {
      const { leftOut, times } = JSON.parse(readFileSync(LEARNT, 'utf8'));
      this.#leftOut = leftOut;
      this.#times = new Map(times);
    }
    this.#stryker.mutantCoverage = undefined;
    this.#stryker.currentTestId = undefined;
    fc.configureGlobal({ interruptAfterTimeLimit: RANDOM_TIME });
    const isStatic = mutantActivation === 'static';
    if (SAMPLE < 1 && (isStatic || !isSampled(activeMutant, SAMPLE, 0)))
      return { status: MutantRunStatus.Error, errorMessage: 'not in the sample' };
    const attempt = async () => {
      this.#stryker.hitLimit = hitLimit;
      this.#stryker.hitCount = hitLimit ? 0 : undefined;
      if (isStatic) this.#stryker.activeMutant = activeMutant.id;
      try {
        if (isStatic || this.#tainted) this.#reset();
        this.#tainted = isStatic;
        this.#stryker.activeMutant = activeMutant.id;
        const tests = await this.#runStages(this.#stages(activeMutant.fileName, testFilter), !disableBail);
        return { tests, hit: determineHitLimitReached(this.#stryker.hitCount, this.#stryker.hitLimit) };
      } catch (error) {
        this.#tainted = true;
        // The code does not even load with this change.
        return { tests: [{ id: 'loading', errors: [String(error)], milliseconds: 0 }] };
      } finally {
        this.#stryker.activeMutant = undefined;
        this.#stryker.hitLimit = undefined;
        this.#stryker.hitCount = undefined;
      }
    };
    const fresh = isStatic || this.#tainted;
    const start = performance.now();
    let { tests, hit } = await attempt();
    if (!fresh && !hit) {
      const killers = tests.filter(({ errors }) => errors.length > 0).map(({ id }) => id);
      // What earlier runs left in memory may fail a test whatever the mutant, or hide the mutant: no kill is believed
      // before the test passes again without the mutant, and no survival before it has been seen in modules that are
      // freshly loaded, unless that takes long.
      const doubtful =
        killers.length === 0
          ? performance.now() - start < LONG
          : (await this.#run(killers)).some(({ errors }) => errors.length > 0);
      if (doubtful) {
        this.#tainted = true;
        ({ tests, hit } = await attempt());
      }
    }
    if (hit) return hit;
    this.#remember(activeMutant.fileName, tests);
    const failed = tests.find(({ errors }) => errors.length > 0);
    if (failed?.errors.some((text) => text.includes('Exceeded timeout of')))
      return { status: MutantRunStatus.Timeout, reason: failed.errors[0] };
    return toMutantRunResult(
      {
        status: DryRunStatus.Complete,
        tests: tests.map(({ id, errors, milliseconds, skipped }) => ({
          id,
          name: id,
          timeSpentMs: milliseconds,
          ...(errors.length > 0
            ? { status: TestStatus.Failed, failureMessage: errors.join('\n') }
            : { status: skipped ? TestStatus.Skipped : TestStatus.Success }),
        })),
      },
      disableBail,
    );
  }

  async #runStages(stages, bail) {
    this.#begin = process.cpuUsage();
    const tests = [];
    for (const stage of stages) {
      tests.push(...(await this.#run(stage, bail)));
      if (bail && (hasFailed(tests) || this.#isLate())) break;
    }
    return tests;
  }

  /** Tests in the order in which they probably notice a mutant soonest. No ids: all tests. */
  #stages(code, ids) {
    if (ids === undefined) return [undefined];
    const noticed = this.#noticed.get(code) ?? new Map();
    const proven = new Set(
      ids
        .filter((id) => noticed.has(id))
        .sort((a, b) => noticed.get(b) - noticed.get(a))
        .slice(0, PROVEN),
    );
    const timeOf = (id) => this.#times.get(id) ?? 0;
    const others = ids.filter((id) => !proven.has(id)).sort((a, b) => timeOf(a) - timeOf(b));
    const stages = [[...proven]];
    while (others.length > 0) stages.push(others.splice(0, STAGE));
    return stages.filter((stage) => stage.length > 0);
  }

  #remember(code, tests) {
    const noticed = this.#noticed.get(code) ?? new Map();
    this.#noticed.set(code, noticed);
    for (const { id, errors } of tests) if (errors.length > 0) noticed.set(id, (noticed.get(id) ?? 0) + 1);
  }

  /** Forgets what is loaded: the next run loads it again, file by file as it comes to them. */
  #reset() {
    this.#version += 1;
    this.#files = new Map();
    this.#tests = new Map();
  }

  /** Test files that need what only Jest has. */
  async #unloadable() {
    const files = [];
    for (const file of this.#testFiles)
      await this.#load(file).catch((error) => files.push(file) && this.#logger.warn(`${file}: ${error}`));
    return files;
  }

  async #load(file) {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    resetState();
    getState().testTimeout = TEST_TIMEOUT;
    jestExpect.setState({ testPath: join(process.cwd(), file) });
    await import(
      `${pathToFileURL(join(process.cwd(), file)).href}?v=${this.#version}${this.#isCounting ? '&count' : ''}`
    );
    const state = getState();
    this.#files.set(file, state);
    for (const [path, test] of testsBelow(state.rootDescribeBlock)) {
      let id = `${file} ${path}`;
      for (let n = 2; this.#tests.has(id); n += 1) id = `${file} ${path} #${n}`;
      this.#tests.set(id, { test, file, mode: test.mode });
    }
    return state;
  }

  /** Runs these tests, file by file; up to the first that fails, where `bail` says so. */
  async #run(ids, bail = false) {
    const results = [];
    const wanted = ids && new Set(ids);
    const files =
      ids === undefined
        ? this.#testFiles
        : this.#testFiles.filter((file) => ids.some((id) => id.startsWith(`${file} `)));
    for (const file of files) {
      if (this.#leftOut.includes(file)) continue;
      const state = await this.#load(file);
      const all = [...this.#tests].filter(([, entry]) => entry.file === file);
      const own = all.filter(([id]) => (wanted?.has(id) ?? true) && !this.#leftOut.includes(id));
      if (own.length === 0) continue;
      reset(all, new Set(own.map(([, { test }]) => test)));
      state.unhandledErrors = [];
      setState(state);
      jestExpect.setState({ testPath: join(process.cwd(), file) });
      this.#bail = bail;
      await run();
      for (const [id, { test }] of own)
        results.push({
          id,
          file,
          errors: test.errors.map((error) => messageOf(error)),
          milliseconds: test.duration ?? 0,
          skipped: test.status === 'skip',
        });
      if (bail && (hasFailed(results) || this.#isLate())) break;
    }
    return results;
  }

  #follow(event, state) {
    switch (event.name) {
      case 'test_start':
        this.#running = event.test;
        this.#stryker.currentTestId = this.#idOf(event.test);
        break;
      case 'test_done':
        this.#running = undefined;
        this.#stryker.currentTestId = undefined;
        if (this.#bail && (event.test.errors.length > 0 || this.#isLate())) this.#skipOthers(event.test);
        break;
      case 'hook_start':
        if (isOfBlock(event.hook)) this.#stryker.currentTestId = this.#hookId(event.hook.parent, state);
        break;
      case 'hook_success':
      case 'hook_failure':
        if (isOfBlock(event.hook)) this.#stryker.currentTestId = undefined;
        break;
      default:
    }
  }

  #isLate() {
    return process.cpuUsage(this.#begin).user > MOST;
  }

  #skipOthers(failed) {
    for (const { test } of this.#tests.values())
      if (test !== failed && test.status === null) test.mode = 'skip';
  }

  #blocks = new Map();

  /** What a hook of a block covers is covered by each of the block's tests: see #spread. */
  #hookId(block) {
    const id = `hooks ${this.#blocks.size}`;
    this.#blocks.set(id, block);
    return id;
  }

  #idOf(test) {
    for (const [id, entry] of this.#tests) if (entry.test === test) return id;
    return undefined;
  }

  #spread({ static: loading, perTest }, failing) {
    const spread = {};
    const add = (id, counts) => {
      if (failing.has(id)) return;
      spread[id] ??= {};
      for (const [mutant, count] of Object.entries(counts))
        spread[id][mutant] = (spread[id][mutant] ?? 0) + count;
    };
    for (const [id, counts] of Object.entries(perTest)) {
      const block = this.#blocks.get(id);
      if (block === undefined) add(id, counts);
      else for (const [, test] of testsBelow(block)) add(this.#idOf(test) ?? '', counts);
    }
    delete spread[''];
    return { static: loading, perTest: spread };
  }
}

function hasFailed(tests) {
  return tests.some(({ errors }) => errors.length > 0);
}

/** Makes tests run again: those of `chosen`, the others are skipped. */
function reset(tests, chosen) {
  for (const [, { test, mode }] of tests)
    Object.assign(test, {
      mode: chosen.has(test) ? mode : 'skip',
      errors: [],
      status: null,
      duration: null,
      invocations: 0,
      seenDone: false,
    });
}

function isOfBlock({ type }) {
  return type === 'beforeAll' || type === 'afterAll';
}

/** The tests of a block with their names, as Jest prints them. */
function testsBelow(block, names = []) {
  return block.children.flatMap((child) =>
    child.type === 'test'
      ? [[[...names, child.name].join(' '), child]]
      : testsBelow(child, [...names, child.name]),
  );
}

function messageOf(error) {
  const thrown = Array.isArray(error) ? (error[0] ?? error[1]) : error;
  return String(thrown?.message ?? thrown);
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'circus', CircusRunner)];
