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
    const [processes, models] = [codeOf('commands.ts'), codeOf('models/modelCommands.ts')];
    const handlers = processes.slice(processes.indexOf('handlers(): Record'), processes.indexOf('async #start'));
    const named = [...handlers.matchAll(/^ {6}(\w+): \(/gm), ...models.matchAll(/^ {4}(\w+): (?:on\(|\(\) =>)/gm)];
    const handled = named.map(([, name]) => `tree-warden.${name}`);
    assert.deepEqual(handled.sort(), [...commands].sort());
  });

  it('says of the agent’s tools what they say of themselves', () => {
    assert.deepEqual(manifest.contributes.languageModelTools, JSON.parse(JSON.stringify(manifestTools())));
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

  it('has no file above 400 lines', () => {
    assert.deepEqual(
      sources.filter(({ text }) => text.split('\n').length > 400).map(({ path }) => path),
      [],
    );
  });
});
