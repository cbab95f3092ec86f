import { periodOf, periodPattern } from '../../protocol/budgetPeriods.ts';
import type { ModelBudget, Spending } from '../../protocol/remoteModels.ts';
import { period } from '../../protocol/timers.ts';
import { appendSpending, readSpending, removeOldSpending } from '../../records/budgetFiles.ts';
import type { Observers } from '../observers.ts';

export interface BudgetLedgerParts {
  /** Of the files. */
  readonly folder: string;
  readonly observers: Pick<Observers, 'run'>;
  /** Milliseconds since 1970. */
  readonly presentAt: () => number;
  /** Another warden has spent this of a budget that is counted here. */
  onElsewhere(id: string, spent: Spending): void;
}

/** Pause between two writes, in milliseconds: at first, and where a file has grown so long, in bytes, that it would be too long at the end of its month. */
const pauses = { usualMillis: 2000, longMillis: 60_000, longBytes: 64 * 2 ** 10 } as const;
/** Of one message; what is more is none. */
const most = { requests: 1e9 - 1, tokens: 1e12 - 1 } as const;

/** Budgets of models as this warden has them on record, over restarts and together with other wardens that count the same ones. */
export class BudgetLedger {
  readonly #parts: BudgetLedgerParts;
  /** What is not written yet, by budget. */
  readonly #pending = new Map<string, Spending>();
  /** What the gateway knows to be spent by all, by budget and kind of its period, see {@link keyOf}. */
  readonly #known = new Map<string, Spending>();
  #timer: NodeJS.Timeout | undefined;
  #isLong = false;
  /** Files are written and read one after the other. */
  #working: Promise<unknown> = Promise.resolve();
  #hasTidied = false;

  constructor(parts: BudgetLedgerParts) {
    this.#parts = parts;
  }

  /** What was spent of each in the present period, by id. What cannot be read counts as nothing, and is a problem of the warden. */
  async spentOf(budgets: readonly ModelBudget[]): Promise<Readonly<Record<string, Spending>>> {
    await this.#write();
    return await this.#inTurn(async () => {
      const { presentAt, folder, observers } = this.#parts;
      if (budgets.length > 0 && !this.#hasTidied) {
        this.#hasTidied = true;
        await observers.run('Removing old budgets of models', () => removeOldSpending(folder, presentAt()), undefined);
      }
      const spent = await Promise.all(
        budgets.map(async ({ id, per }) => {
          const present = periodOf(per, presentAt());
          await this.#learn(id, present);
          return [id, this.#known.get(keyOf(id, present))] as const;
        }),
      );
      return Object.fromEntries(spent.flatMap(([id, one]) => (one ? [[id, one]] : [])));
    });
  }

  /** The gateway has spent this. It is on record a moment later. */
  add(id: string, spent: Spending): void {
    const isCount = (value: number, limit: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= limit;
    if (!periodPattern.test(spent.period) || !isCount(spent.requests, most.requests) || !isCount(spent.tokens, most.tokens)) return;
    const before = this.#pending.get(id);
    // What is left of the period before is written first.
    if (before && before.period !== spent.period) void this.#write();
    this.#pending.set(id, sum(this.#pending.get(id), spent));
    const key = keyOf(id, spent.period);
    this.#known.set(key, sum(this.#known.get(key), spent));
    this.#timer ??= setTimeout(() => void this.#write(), period(this.#isLong ? pauses.longMillis : pauses.usualMillis)).unref();
  }

  /** Resolves when all is on record. */
  async close(): Promise<void> {
    await this.#write();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = [...this.#pending];
    this.#pending.clear();
    await this.#inTurn(async () => {
      const { observers, folder } = this.#parts;
      for (const [id, spent] of pending) {
        await observers.run('Writing what was spent of a model', () => appendSpending(folder, id, spent), undefined);
        await this.#learn(id, spent.period);
      }
    });
  }

  /** Reads what all have spent of it, and tells what of that is news. */
  async #learn(id: string, of: string): Promise<void> {
    const { observers, folder, onElsewhere } = this.#parts;
    const read = await observers.run('Reading what was spent of a model', () => readSpending(folder, id, of), undefined);
    const key = keyOf(id, of);
    const known = this.#known.get(key);
    if (!read || (known && known.period > of)) return;
    this.#isLong ||= read.bytes > pauses.longBytes;
    const pending = this.#pending.get(id);
    const spent = pending?.period === of ? sum(pending, read.spent) : read.spent;
    if (known?.period !== of) {
      this.#known.set(key, spent);
      return;
    }
    // Where something could not be written, more is known than is on record.
    const requests = Math.max(0, spent.requests - known.requests);
    const tokens = Math.max(0, spent.tokens - known.tokens);
    if (requests === 0 && tokens === 0) return;
    this.#known.set(key, sum(known, { period: of, requests, tokens }));
    onElsewhere(id, { period: of, requests, tokens });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }
}

/** Days and months of a budget that was declared for both, one after the other, are counted apart. */
function keyOf(id: string, of: string): string {
  return `${id} ${of.length}`;
}

/** The later one alone where the other is of another period. */
function sum(before: Spending | undefined, spent: Spending): Spending {
  if (before?.period !== spent.period) return { period: spent.period, requests: spent.requests, tokens: spent.tokens };
  return { period: spent.period, requests: before.requests + spent.requests, tokens: before.tokens + spent.tokens };
}
