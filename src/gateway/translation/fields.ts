/** Reads the fields of a request, and names the one that is wrong. */
import { asRecord, isGiven } from '../../protocol/jsonFields.ts';
import { InvalidRequestError } from './invalidRequestError.ts';

export type Fields = Readonly<Record<string, unknown>>;

/**
 * What a server of chat completions has no words for.
 * @param field Where it stands: `tools[0].type`.
 * @param instead A sentence of what to do, where there is anything.
 */
export function notOffered(field: string, what: string, instead = '', code?: string): InvalidRequestError {
  const message = `${field}: ${what} cannot be used here, because the server of this model offers chat completions only.`;
  return new InvalidRequestError(instead === '' ? message : `${message} ${instead}`, field, code);
}

export function mustBe(field: string, what: string): InvalidRequestError {
  return new InvalidRequestError(`${field} must be ${what}.`, field);
}

/** @throws GatewayError where it is none. */
export function objectAt(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mustBe(field, 'an object');
  return asRecord(value);
}

/** Empty where it is absent. @throws GatewayError where it is none. */
export function listAt(value: unknown, field: string): readonly unknown[] {
  if (!isGiven(value)) return [];
  if (!Array.isArray(value)) throw mustBe(field, 'a list');
  return value as unknown[];
}

/** @throws GatewayError where it is none. */
export function textAt(value: unknown, field: string): string {
  if (typeof value !== 'string') throw mustBe(field, 'a text');
  return value;
}

/** Those of them that are given. */
export function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)));
}

/** What is given beside these, for a server that may know what the dialect does not. */
export function otherFields(body: Fields, known: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => isGiven(value) && !known.has(name)));
}

export function countIn(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
