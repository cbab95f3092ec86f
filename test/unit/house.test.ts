/** Rules of the house that no compiler checks. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };
import nls from '../../package.nls.json' with { type: 'json' };
import { manifestTools } from '../../src/build/manifestTools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));

describe('the manifest', () => {
  const commands = manifest.contributes.commands.map(({ command }) => command);

  it('has a handler for each command, and a command for each handler', () => {
    const codeOf = (file: string): string => sources.find(({ path }) => path === `src/extension/${file}`)?.text ?? '';
    const processes = codeOf('commands.ts');
    const others =
      codeOf('models/modelCommands.ts') + codeOf('languageServers/languageServerCommands.ts') + codeOf('found/foundCommands.ts');
    const handlers = processes.slice(processes.indexOf('handlers(): Record'), processes.indexOf('async #guardMcp'));
    const named = [...handlers.matchAll(/^ {6}(\w+): \(/gm), ...others.matchAll(/^ {4}(\w+): (?:on\(|\(\) =>)/gm)];
    const handled = named.map(([, name]) => `tree-warden.${name}`);
    assert.deepEqual(handled.sort(), [...commands].sort());
  });

  it('says of the agent’s tools what they say of themselves', () => {
    assert.deepEqual(manifest.contributes.languageModelTools, JSON.parse(JSON.stringify(manifestTools())));
  });

  it('tells a person of the agent’s tools in whole words', () => {
    for (const { userDescription } of manifest.contributes.languageModelTools) assert.match(userDescription, /^[A-Z][^()]+[a-z]$/);
    const [start] = manifest.contributes.languageModelTools.filter(({ name }) => name === 'tree-warden_start_process');
    assert.match(start?.userDescription ?? '', /^Starts a process that processes\.json declares/);
  });

  it('has three dots behind the titles of commands that ask for more than what to act on', () => {
    const asking = Object.entries(nls).flatMap(([key, title]) => (/^command\./.test(key) && title.endsWith('…') ? key.slice(8) : []));
    assert.deepEqual(asking.sort(), [
      'connectClients',
      'createFile',
      'deleteSecret',
      'filter',
      'findLeftBehind',
      'killPort',
      'scale',
      'scaleModel',
      'selectProfiles',
      'sendSignal',
      'setLanguageServerTrace',
      'setSecret',
      'sortBy',
      'tryPrompt',
    ]);
  });

  it('offers a command in the palette only where it has something to act on', () => {
    const always = [
      'createFile',
      'createLocalFile',
      'findLeftBehind',
      'guardMcpServers',
      'guardedTerminalByDefault',
      'inspect',
      'killPort',
      'runFound',
      'showJournal',
      'unguardMcpServers',
    ].map((name) => `tree-warden.${name}`);
    const sometimes = manifest.contributes.menus.commandPalette.map(({ command }) => command);
    assert.deepEqual([...sometimes, ...always].sort(), [...commands].sort());
    const keys = manifest.contributes.menus.commandPalette.flatMap(({ when }) =>
      when.startsWith('config.') ? [] : when.replace('tree-warden.', ''),
    );
    const code = sources.map(({ text }) => text).join('\n');
    for (const key of new Set(keys)) assert.ok(key === 'false' || code.includes(`'${key}'`) || code.includes(`'tree-warden.${key}'`), key);
  });

  it('lets a workspace that is not trusted set only how things look', () => {
    const looks = /^treeWarden\.(?:alerts\.|(?:sortBy|showFound|codeLens)$)/;
    const settings = manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
    const others = settings.filter((name) => !looks.test(name));
    assert.deepEqual([...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort(), others.sort());
  });

  it('names its settings so that the editor shows “Tree Warden”, and the code uses those names', () => {
    const settings = manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
    for (const name of settings) assert.match(name, /^treeWarden\.[a-z]\w*(?:\.[a-z]\w*)?$/);
    const text = [JSON.stringify(manifest), JSON.stringify(nls), ...sources.map((source) => source.text)].join('\n');
    const others = settings.map((name) => name.replace('treeWarden', 'tree-warden')).filter((name) => !commands.includes(name));
    for (const other of others) assert.ok(!text.includes(other), `${other} is not a setting`);
    assert.doesNotMatch(text, /Configuration\('tree-warden|config\.tree-warden|`#tree-warden/);
  });

  it('shows only commands that there are', () => {
    for (const entry of Object.values(manifest.contributes.menus).flat()) assert.ok(commands.includes(entry.command), entry.command);
  });

  it('has a text for each placeholder, and no text too many', () => {
    const used = new Set([...JSON.stringify(manifest).matchAll(/%([\w.]+)%/g)].map(([, key]) => key));
    assert.deepEqual([...used].sort(), Object.keys(nls).sort());
  });
});

describe('the source', () => {
  it('asks for the operating system in src/platform only', () => {
    const asking = sources.filter(
      ({ path, text }) =>
        /process\.platform|os\.platform\(/.test(text) && !path.startsWith('src/platform/') && !path.startsWith('src/build/'),
    );
    assert.deepEqual(
      asking.map(({ path }) => path),
      [],
    );
  });

  it('imports the editor in src/extension only', () => {
    assert.deepEqual(
      sources.filter(({ path, text }) => /from 'vscode'/.test(text) && !path.startsWith('src/extension/')).map(({ path }) => path),
      [],
    );
  });

  it('measures by the monotonic clock: the clock of the day says when, and may be put forward and back', () => {
    // A moment that is shown or put on record has a name that ends so; an age is shown by the same clock.
    const isMoment = /(?:At|\bat)\b[^;]*Date\.now\(\)|: Date\.now\(\)|check\(Date\.now\(\)|\?\? Date\.now\(\)\) - tree\.startedAt/;
    // The age of a folder is by the clock of the day, as the folder's own time is.
    const others = new Set(['src/warden/trees/sampler.ts', 'src/warden/trees/strays.ts', 'src/platform/linux/abandonedRoots.ts']);
    const measuring = sources.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line) => (line.includes('Date.now()') && !isMoment.test(line) && !others.has(path) ? `${path}: ${line.trim()}` : [])),
    );
    assert.deepEqual(measuring, []);
  });

  it('removes nothing recursively: known files by name, then their folder', () => {
    const removing = sources.filter(({ path, text }) => !path.startsWith('src/build/') && /\brm(Sync)?\(|rm -r|rimraf/.test(text));
    assert.deepEqual(
      removing.map(({ path }) => path),
      [],
    );
  });

  it('lets text out to a person only where what is hostile in it is escaped', () => {
    const writes = /std(?:out|err)\.write\(/;
    const tells = /window\.(?:show(?:\w+Message|QuickPick|InputBox)|setStatusBarMessage)\(/;
    const mayWrite = ['src/cli/say.ts', 'src/cli/stdout.ts'];
    const others = sources.filter(
      ({ path, text }) =>
        (path.startsWith('src/cli/') && writes.test(text) && !mayWrite.includes(path)) ||
        (path.startsWith('src/extension/') && tells.test(text) && path !== 'src/extension/tell.ts'),
    );
    assert.deepEqual(
      others.map(({ path }) => path),
      [],
    );
    assert.deepEqual(
      sources.filter(({ text }) => /isTrusted\s*[=:]\s*(?:true|\{)|supportHtml\s*=\s*true|innerHTML/.test(text)).map(({ path }) => path),
      [],
    );
  });

  it('has no file above 400 lines', () => {
    assert.deepEqual(
      sources.filter(({ text }) => text.split('\n').length > 400).map(({ path }) => path),
      [],
    );
  });

  it('waits by Node’s own timers only where the time is a constant', () => {
    // Those of the end of a tree are at most 50 ms; what else stands here has a bound in the same line.
    const exempt = ['src/protocol/timers.ts', 'src/warden/ending/termination.ts'];
    const isBounded = (code: string, time: string): boolean =>
      time.startsWith('period(') ||
      (time.match(/[A-Za-z_$][\w$.]*/g) ?? []).every(
        (name) =>
          /^Math\.(min|max)$/.test(name) ||
          new RegExp(`^(export )?const ${name} = [\\d_]+;`, 'm').test(code) ||
          new RegExp(`^const ${name.split('.')[0]} = [{\\[][^;]*\\d[^;]*[}\\]] as const;`, 'm').test(code),
      );
    const unbounded = sources
      .filter(({ path }) => !exempt.includes(path) && !path.startsWith('src/build/'))
      .flatMap(({ path, text }) => timesOf(text).flatMap((time) => (isBounded(text, time) ? [] : `${path}: ${time}`)));
    assert.deepEqual(unbounded.sort(), [...allowed].sort());
  });
});

const allowed: readonly string[] = [
  // Constants of its own, and what the limits need: a second at most.
  'src/warden/sampleScheduler.ts: interval ?? idleIntervalMillis',
  'src/warden/sampleScheduler.ts: slot * togetherMillis - now',
  // A constant in a list.
  'src/client/wardenCommands.ts: millis',
  // A constant, but in tests.
  'src/client/wardenProcess.ts: startMillis',
  'src/gateway/admission/exclusiveGroup.ts: this.#turnMillis',
  'src/warden/trees/rawEndpoint.ts: this.#lingerMillis',
  // Limits of the servers on loopback: seconds, and constants but in tests.
  'src/loopback/admission.ts: left',
  'src/loopback/admission.ts: this.#limits.deadlineMillis',
  'src/loopback/body.ts: idleMillis',
  'src/loopback/body.ts: idleMillis',
  'src/mcp/sessions.ts: Math.min(limits.idleMillis / 2, 60_000)',
  // Its callers have constants.
  'src/gateway/upstreamExchange.ts: millis',
];

/** The durations that are given to timers in some code: the last arguments of `setTimeout`, `setInterval`, the first of `sleep` and `wait`. */
function timesOf(code: string): string[] {
  return [...code.matchAll(/(?<![\w.#])(setTimeout|setInterval|AbortSignal\.timeout|sleep|wait)\(/g)].flatMap(
    ({ 0: call, 1: name, index }) => {
      const args = argumentsAt(code, index + call.length);
      const time = name?.startsWith('set') ? args[1] : args[0];
      return time ? [time] : [];
    },
  );
}

/** The arguments of a call that begin there; good enough for code that Biome has formatted. */
function argumentsAt(code: string, start: number): string[] {
  const args: string[] = [''];
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const letter = code[at] ?? '';
    if (depth === 0 && letter === ')') break;
    if ('([{'.includes(letter)) depth++;
    if (')]}'.includes(letter)) depth--;
    if (depth === 0 && letter === ',') args.push('');
    else args[args.length - 1] += letter;
  }
  return args.map((arg) => arg.trim());
}
