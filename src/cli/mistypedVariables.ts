/** Variables of the environment whose names are nearly those that Tree Warden reads: nothing reads them, and nothing else would say so. */
import { closestMatch } from 'leven';
import { guardianVariables } from '../protocol/guardianVariables.ts';
import { complain } from './say.ts';

/** What a person sets. */
const read = [
  ...Object.values(guardianVariables).map(({ variable }) => variable),
  ...['TREE_WARDEN_RUNTIME_DIR', 'TREE_WARDEN_PROFILES', 'TREE_WARDEN_TOKEN', 'TREE_WARDEN_MODEL_SCOPE'],
];
/** What Tree Warden sets for the processes that it starts, and what has a name of the user's behind it. */
const ours = /^TREE_WARDEN_(?:TREE|INSTANCE|JOB|SAVED_FILE|GUARDED|BWRAP|(?:INPUT|SECRET|ASIDE)_.*)$/;
/** Maximum length of a name that is compared, in characters: the environment may have any. */
const maxLength = 64;

/**
 * One sentence for each. A name that is like none of those that are read is left alone: other programs may have variables of such a name.
 * Capitals and `_` do not count; of the rest behind the prefix, at most two letters of eight are others.
 */
export function mistypedVariables(names: readonly string[]): string[] {
  const folded = new Map(read.map((name) => [fold(name), name]));
  return names.flatMap((name) => {
    if (name.length > maxLength || !/^TREE_?WARDEN_?./i.test(name) || read.includes(name) || ours.test(name)) return [];
    const written = fold(name);
    const meant = folded.get(closestMatch(written, [...folded.keys()], { maxDistance: Math.ceil(written.length / 4) }) ?? '');
    return meant === undefined ? [] : [`${name} is set, and nothing reads a variable of this name: did you mean ${meant}?`];
  });
}

/** Behind the prefix. */
function fold(name: string): string {
  return name
    .toUpperCase()
    .replaceAll('_', '')
    .replace(/^TREEWARDEN/, '');
}

let isTold = false;

/** Once, by what starts a warden. */
export function tellMistypedVariables(): void {
  if (isTold) return;
  isTold = true;
  for (const sentence of mistypedVariables(Object.keys(process.env))) complain(sentence);
}
