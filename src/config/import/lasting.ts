/** Tells what keeps running from what runs once, by the words of its name and of its command. */

/** Anywhere in a name. */
const servesAnywhere = new Set([
  'dev',
  'develop',
  'serve',
  'server',
  'start',
  'watch',
  'watcher',
  'preview',
  'storybook',
  'runserver',
  'live',
]);
/** At the beginning of a name. */
const servesFirst = new Set(['run', 'up', 'web', 'api', 'worker', 'app', 'client', 'frontend', 'backend', 'listen', 'queue', 'scheduler']);
/** What begins so runs once, unless it watches. */
const once = new Set(
  'build test tests lint check clean deploy release install format fmt generate gen codegen migrate seed publish pack stop kill restart down pre post typecheck types docs ci setup bootstrap prepare eject'.split(
    ' ',
  ),
);
const watches = /(?:^|\s)--watch\b|\bnodemon\b|\bwatchexec\b/;

/** @param command What is run, where the file says it. */
export function looksLasting(name: string, command = ''): boolean {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const [first = ''] = words;
  if (words.includes('watch') || watches.test(command.slice(0, 1000))) return true;
  if (once.has(first)) return false;
  return servesFirst.has(first) || words.some((word) => servesAnywhere.has(word));
}
