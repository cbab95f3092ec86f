/** What messages are made of, with a bound for each. */
import * as z from 'zod';
import { maxInstances } from '../../protocol/policies.ts';
import { isSignal } from '../../protocol/stopSteps.ts';
import { listOf } from '../../records/listOf.ts';

export const name = z.string().min(1).max(1000);
export const text = z.string().max(4 * 2 ** 20);
export const flag = z.boolean();
export const millis = z.number().nonnegative();
/** What a Date can be made of. */
export const moment = z.number().min(-8.64e15).max(8.64e15);
export const count = z.int().nonnegative();
export const tree = z.string().max(100);
export const signal = z.string().max(100).refine(isSignal, 'is not a signal of this system');
export const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const dimension = z.int().min(1).max(10_000);
export const dimensions = z.looseObject({ columns: dimension, rows: dimension });
export const argv = listOf(text, 100_000).refine((words) => words.length > 0, 'is empty');
export const portNumber = z.int().min(0).max(65_535);
export const instances = z.int().min(1).max(maxInstances);
