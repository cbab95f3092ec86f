import { declarationOf } from '../config/declarations.ts';
import { configText } from '../config/layers/configText.ts';
import type { ResolvedSetting } from '../config/layers/resolvedSettings.ts';
import { modelSchema } from '../config/modelSchema.ts';
import type { Toolchain } from '../config/toolchains/toolchain.ts';
import { normalName } from '../protocol/names.ts';
import { type DeclaredFile, notDeclared, nothingDeclared, readDeclared, readFile } from './declared.ts';
import { exitCodes } from './exitCodes.ts';
import { sayAll, sayJson } from './say.ts';

const modelOrder = Object.keys(modelSchema.shape);

/** Prints what the declared processes and models resolve to, all of them or the named ones, and where each value comes from. */
export async function config(written: readonly string[], { json = false }: { readonly json?: boolean }): Promise<number> {
  const file = readFile();
  const { path, folder, parsed } = file;
  const names = written.map(normalName);
  // No model has the name of a process.
  const all = new Map([...parsed.settings, ...parsed.modelSettings]);
  const missing = names.filter((name) => !all.has(name));
  if (missing.length > 0) throw notDeclared(path, missing, all, parsed.modelSettings.size > 0 ? 'process or model' : 'process');
  if (all.size === 0) throw nothingDeclared(path, 'processes', parsed);
  const wanted = [...all].filter(([name]) => names.length === 0 || names.includes(name));
  if (json) sayJson(Object.fromEntries(wanted.map(([name, settings]) => [name, settings().map((one) => asJson(one, path))])), 2);
  else {
    const lines = wanted.map(async ([name, settings], index) => [
      ...(index > 0 ? [''] : []),
      ...(parsed.modelSettings.has(name)
        ? configText(name, settings(), folder, ['a model'], modelOrder)
        : configText(name, settings(), folder, await toolchainNotes(file, name))),
    ]);
    sayAll((await Promise.all(lines)).flat());
  }
  return exitCodes.ok;
}

/** Which Python and Node.js a process runs with, or why that is not known. */
async function toolchainNotes(file: DeclaredFile, name: string): Promise<string[]> {
  const spec = file.parsed.specs.get(name);
  if (spec?.python === undefined && spec?.node === undefined) return [];
  const notes: string[] = [];
  const { context } = readDeclared('processes', ({ specs }) => specs, [name], undefined, undefined, file);
  const onToolchain = ({ name: key, place }: Toolchain): void => void notes.push(`${key}: ${place}`);
  const declaration = await declarationOf(name, spec, { ...context, onToolchain });
  return 'problem' in declaration ? [...notes, `cannot be started: ${declaration.problem}`] : notes;
}

/** Names of keys are joined by dots; lines count from 1. `without`: dependencies that do not count, because they are disabled. */
function asJson({ path, value, file, line, without, isShared }: ResolvedSetting, root: string): object {
  return {
    key: path.filter(Boolean).join('.'),
    value,
    file: file ?? root,
    line: line + 1,
    ...(without && { without }),
    ...(isShared && { shared: true }),
  };
}
