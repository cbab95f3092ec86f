import { CliError, exitCodes } from './exitCodes.ts';

/**
 * The value of an option that says how many.
 * @throws CliError that names the option, and the numbers that it takes.
 */
export function countOf(option: string, text: string, least: number, most: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new CliError(`${option} wants a whole number from ${least} to ${most}, not '${text}'.`, exitCodes.usage);
}
