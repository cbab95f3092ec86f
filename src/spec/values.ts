import * as z from 'zod';
import { parseDuration } from '../protocol/quantities.ts';

/** Not an empty one. */
export const text = z.string().min(1, 'must not be empty');

export const pattern = text.refine(isPattern, 'must be a regular expression');

function isPattern(written: string): boolean {
  try {
    return new RegExp(written) instanceof RegExp;
  } catch {
    return false;
  }
}

export const command = z.union([text, z.tuple([text], text)], 'must be a line for the shell, or a list of a program and its arguments');

/** A text that `parse` understands; what it says otherwise points at the line. */
export function parsed(parse: (text: string) => number, expected: string) {
  return z.union([z.string(), z.number().positive()], `must be ${expected}`).transform((value, context) => {
    try {
      return parse(String(value));
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as RangeError).message });
      return z.NEVER;
    }
  });
}

/** In milliseconds. */
export function duration() {
  return parsed(parseDuration, 'a time such as "5s"');
}

export function count() {
  return z.int('must be a whole number').min(1, 'must be at least 1');
}
