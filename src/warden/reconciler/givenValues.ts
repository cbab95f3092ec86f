/** Values that a client gives with a start, such as the answer to a question or a secret. They are in memory only. */
import type { ProcessDeclaration } from '../../protocol/declare.ts';
import { startVariablesOf } from '../../protocol/neededValues.ts';
import type { GivenValues, StartValues } from '../../protocol/startVariables.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';

/** The values that the instances of one name are started with, also by automatic restarts. */
export class HeldValues {
  readonly #process: () => ProcessDeclaration | undefined;
  #all: StartValues = {};

  /** `process`: as it is declared now; undefined where no file declares it any more. */
  constructor(process: () => ProcessDeclaration | undefined) {
    this.#process = process;
  }

  get all(): StartValues {
    return this.#all;
  }

  /** What is not known yet of what the process needs; values of an earlier start count as well, unless `isFresh`. */
  missing(given: StartValues, isFresh: boolean): string[] {
    const known = this.#with(given, isFresh);
    return this.#needed.filter((variable) => !Object.hasOwn(known, variable));
  }

  /** Only what the process needs is kept: a client may give more, and an earlier declaration may have needed more. */
  use(given: StartValues, isFresh: boolean): void {
    const process = this.#process();
    // What it needs is not known for as long as no file declares it, or it cannot be resolved.
    if (process === undefined || 'problem' in process) return;
    const known = Object.entries(this.#with(given, isFresh));
    const needed = new Set(this.#needed);
    this.#all = Object.fromEntries(known.filter(([variable]) => needed.has(variable)));
  }

  get #needed(): string[] {
    const process = this.#process();
    return process ? startVariablesOf(process) : [];
  }

  #with(given: StartValues, isFresh: boolean): StartValues {
    return isFresh ? given : { ...this.#all, ...given };
  }
}

/** Says of a name that it was not started without these variables. */
export function valuesNeeded(name: string, variables: readonly string[]): Text {
  return localizable('valuesNeeded', name, variables.map((variable) => `\${${variable}}`).join(', '));
}

/** A declared name that is started. */
interface Started {
  readonly name: string;
  readonly values: HeldValues;
}

/**
 * Has each of these be started with its values; none of them where one lacks some.
 * @param isFresh Whether values of an earlier start do not count.
 * @throws RequestError that says what is needed.
 */
export function useGivenValues(started: readonly Started[], values: GivenValues = {}, isFresh: boolean): void {
  const valuesOf = (name: string): StartValues => (Object.hasOwn(values, name) ? values[name] : undefined) ?? {};
  const needed = started.flatMap(({ name, values: held }) => {
    const variables = held.missing(valuesOf(name), isFresh);
    return variables.length > 0 ? [{ name, variables }] : [];
  });
  const [first] = needed;
  if (first) throw new RequestError('startFailed', valuesNeeded(first.name, first.variables), undefined, { needed });
  for (const { name, values: held } of started) held.use(valuesOf(name), isFresh);
}
