import * as z from 'zod';
import { patternProblem } from '../protocol/patterns.ts';
import { parseDuration } from '../protocol/quantities.ts';

/** A string that is not empty. */
export const text = z.string().min(1, 'must not be empty');

/** A regular expression; {@link patternProblem} says what is wrong with an invalid one. */
export const pattern = text.superRefine((written, context) => {
  const problem = patternProblem(written);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** A NUL character ends a string for the system, so that no program can receive one. */
const noNul = (value: string): boolean => !value.includes('\0');

/** An argument of a command. It may be empty: many programs give an empty argument a meaning. */
export const argument = z.string('must be a text').refine(noNul, 'must not contain a NUL character');

/** The path of a file, a folder or a program. */
export const path = text.refine(noNul, 'must not contain a NUL character');

/** A program and its arguments. */
export const programList = z.tuple([path], argument, 'must be a list of a program and its arguments');

/** White space alone would be run by the shell as a command that does nothing, and succeeds. */
const shellLine = path.refine((line) => line === '' || line.trim() !== '', 'must not be empty');

export const command = z.union([shellLine, programList], 'must be a line for the shell, or a list of a program and its arguments');

/** A string or number that `parse` accepts; the message of its RangeError is reported at the line. */
export function parsed(parse: (text: string) => number, expected: string) {
  return z.union([z.string(), z.number().positive('must be more than 0')], `must be ${expected}`).transform((value, context) => {
    try {
      return parse(String(value));
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as RangeError).message });
      return z.NEVER;
    }
  });
}

/** A duration in milliseconds, at least `least`. */
export function duration(least = 0) {
  const parse = (text: string): number => {
    const millis = parseDuration(text);
    if (millis < least) throw new RangeError(`'${text}' is too short: it must be at least ${least}ms`);
    return millis;
  };
  return parsed(parse, 'a time such as "5s"');
}

export function count() {
  return z.int('must be a whole number').min(1, 'must be at least 1');
}

/** Of an environment variable. */
export const variableName = text.refine((name) => !/[=\0]/.test(name), 'a variable cannot have = or a NUL character in its name');
