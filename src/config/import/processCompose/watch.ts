/** The watched files of process-compose: https://f1bonacc1.github.io/process-compose/watch/ */
import { posix } from 'node:path';
import { maxPatterns } from '../../../protocol/fileWatch.ts';
import { globProblem } from '../../../protocol/globs.ts';
import { asObject } from '../jsonEntries.ts';
import { pathBelow } from './commands.ts';
import { type TextContext, valueText } from './texts.ts';

/** What counts there without being excluded has none of this in its path. Ours leaves out .git, node_modules and what git ignores. */
const defaultExcludes = [
  '!**/{.hg,.svn,.idea,.vscode,vendor,target,dist,build,bin,.venv,venv,__pycache__,.mypy_cache,.pytest_cache,.next,.nuxt,.terraform,.gradle,.direnv,result}/**',
  '!**/{*.log,*.log.gz,*.swp,*.swo,*~,.DS_Store}',
];

export type WrittenWatch = Readonly<Record<string, unknown>>;

/** Undefined where nothing of it can be watched, which is noted. `cwd`: of the process, from the workspace folder. */
export function watchOf(written: unknown, key: string, cwd: string | undefined, context: TextContext): WrittenWatch | undefined {
  const { paths, debounce, cascade, max_entries, buffer_size, disable_default_excludes: hasNoDefaults, ...others } = asObject(written);
  for (const name of Object.keys(others)) context.notes.leave(`${key}.${name}`, 'it is no key of watch');
  if (max_entries !== undefined) context.notes.leave(`${key}.max_entries`, 'the number of watched folders has a bound of its own here');
  if (buffer_size !== undefined) context.notes.leave(`${key}.buffer_size`, 'it is not needed here');
  const globs = (Array.isArray(paths) ? paths : []).flatMap((one, index) => globsOf(asObject(one), `${key}.paths[${index}]`, cwd, context));
  const room = maxPatterns - defaultExcludes.length;
  if (globs.length > room) context.notes.leave(`${key}.paths`, `only the first ${room} globs are taken over`);
  const usable = globs.slice(0, room).filter((glob) => {
    const problem = globProblem(glob);
    if (problem !== undefined) context.notes.leave(`${key}: ${glob}`, problem);
    return problem === undefined;
  });
  if (!usable.some((glob) => !glob.startsWith('!'))) {
    context.notes.leave(key, 'it names no files that can be watched');
    return undefined;
  }
  const millis = debounceOf(debounce, `${key}.debounce`, context);
  return {
    paths: [...usable, ...(hasNoDefaults === true ? [] : defaultExcludes)],
    debounce: `${millis}ms`,
    ...(cascade === true && { dependents: true }),
  };
}

function globsOf(one: Readonly<Record<string, unknown>>, key: string, cwd: string | undefined, context: TextContext): string[] {
  const path = valueText(one['path'], `${key}.path`, context);
  if (path === undefined) return [];
  const folder = posix.normalize(pathBelow(cwd, path)).replace(/^\.\/?|\/$/g, '');
  if (/^(?:\/|\.\.|~|[A-Za-z]:)/.test(folder)) {
    context.notes.leave(`${key}.path`, 'only files of the workspace folder are watched here');
    return [];
  }
  const below = (glob: string): string => (folder === '' ? glob : `${folder}/${glob}`);
  const globs = (name: string): string[] => {
    const list = one[name];
    return (Array.isArray(list) ? list : []).flatMap((glob: unknown) =>
      // Without a slash, it is a name at any depth.
      typeof glob !== 'string' || glob === '' ? [] : [below(glob.includes('/') ? glob.replace(/^\.?\//, '') : `**/${glob}`)],
    );
  };
  const included = globs('include');
  // A plain name is a file, or a folder with all that is below it.
  const all = folder === '' ? ['**'] : [folder];
  return [...(included.length > 0 ? included : all), ...globs('exclude').map((glob) => `!${glob}`)];
}

/** In milliseconds; 300 there by default. */
function debounceOf(written: unknown, key: string, { notes }: TextContext): number {
  if (written === undefined) return 300;
  const [, amount, unit] = (typeof written === 'string' && written.trim().match(/^(\d+(?:\.\d+)?)(ms|s|m)$/)) || [];
  const millis = amount === undefined ? Number.NaN : Math.round(Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000));
  const bounded = Math.min(Math.max(millis, 100), 60_000);
  if (!Number.isFinite(millis) || bounded !== millis) notes.leave(key, 'a time from 100 ms to 1 m is possible here');
  return Number.isFinite(bounded) ? bounded : 300;
}
