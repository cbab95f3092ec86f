/** Names of processes, models and trees: in any language, on one line, and of a length that fits a row. */

/** Maximum length of a name, in UTF-16 code units. */
export const maxNameLength = 100;

/** The two joiners are part of how some languages are written. */
const inside = '\\p{L}\\p{M}\\p{N}\\u200c\\u200d_ .:@/-';
const notInside = new RegExp(`[^${inside}]+`, 'gu');
const notAtStart = /^[^\p{L}\p{N}_]+/u;

export const namePattern = new RegExp(`^[\\p{L}\\p{N}_][${inside}]*$`, 'u');
export const namePatternText = 'a name starts with a letter or digit and holds letters, digits, spaces and . : @ / _ - only';

/** The same letters can be written by different characters; a name is compared by one of these forms. */
export function normalName(written: string): string {
  return written.normalize('NFC');
}

/** What is wrong with a name, as a clause; undefined where nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name.length > maxNameLength) return `a name has at most ${maxNameLength} characters`;
  return namePattern.test(name) ? undefined : namePatternText;
}

/** A name that is as near to this text as one can be; `fallback` where nothing of it can be in a name. */
export function nameFrom(text: string, fallback: string): string {
  const legal = normalName(text.slice(0, 2 * maxNameLength))
    .replaceAll(notInside, '-')
    .replace(notAtStart, '')
    .slice(0, maxNameLength)
    // Half of a character, where it was cut.
    .replace(/\p{Cs}$/u, '');
  return legal === '' ? fallback : legal;
}

/** The name itself, or with the first number from 2 on behind it that makes it one that is not taken. */
export function freeNameLike(plain: string, isTaken: (name: string) => boolean): string {
  let name = plain;
  for (let number = 2; isTaken(name); number++) name = `${plain}-${number}`;
  return name;
}

const modelPrefix = 'model:';

/** The model that is meant by what a process depends on; undefined where a process is. */
export function modelOfDependency(name: string): string | undefined {
  return name.startsWith(modelPrefix) ? name.slice(modelPrefix.length) : undefined;
}

/** How a process names a model that it depends on. */
export function modelDependency(model: string): string {
  return `${modelPrefix}${model}`;
}

/** The first instance has the spec's own name, so that nothing is renamed when there are to be more of it. */
export function instanceName(spec: string, instance: number): string {
  return instance === 1 ? spec : `${spec}#${instance}`;
}

/** What {@link instanceName} was made of; a number that it does not write, such as 0 or 02, is part of the name. */
export function instanceOf(name: string): { readonly spec: string; readonly instance: number } {
  const [, spec = name, instance = '1'] = name.match(/^(.*)#([1-9]\d*)$/) ?? [];
  return { spec, instance: Number(instance) };
}
