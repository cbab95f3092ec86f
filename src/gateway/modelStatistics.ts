import type { AnswerStatistics } from '../protocol/models.ts';

/** What became of one request. */
export interface Answered {
  readonly failed: boolean;
  /** In a queue, also while the model was loaded; in milliseconds. */
  readonly queueMillis: number;
  /** From the beginning of the answer; absent where nothing came. */
  readonly firstTokenMillis?: number;
  /** From there to the end. */
  readonly streamMillis?: number;
  readonly inputTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
  /** A server elsewhere has refused it, because there were too many. */
  readonly isLimited?: true;
}

/** Number of the last requests over which means are taken. */
const window = 50;
/** Milliseconds that an answer has to take for its speed to mean anything. */
const shortestStream = 100;

/** Counts what a model, or one of its servers, has answered. */
export class Statistics {
  readonly #recent: Answered[] = [];
  #requests = 0;
  #failures = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #limited = 0;

  add(answered: Answered): void {
    this.#requests++;
    if (answered.failed) this.#failures++;
    if (answered.isLimited) this.#limited++;
    this.#inputTokens += answered.inputTokens ?? 0;
    this.#outputTokens += answered.outputTokens ?? 0;
    this.#recent.push(answered);
    if (this.#recent.length > window) this.#recent.shift();
  }

  /** Estimated time until `queued` requests are answered, `capacity` at once; in seconds, at least one. */
  waitSeconds(queued: number, capacity: number): number {
    const millis = mean(this.#recent.map(({ firstTokenMillis: first = 0, streamMillis: stream = 0 }) => first + stream)) ?? 0;
    return Math.max(1, Math.ceil((millis * queued) / Math.max(1, capacity) / 1000));
  }

  snapshot(): AnswerStatistics {
    const firstTokenMillis = mean(this.#recent.flatMap(({ firstTokenMillis: millis }) => millis ?? []));
    const queueMillis = mean(this.#recent.map(({ queueMillis: millis }) => millis));
    const tokensPerSecond = mean(this.#recent.flatMap(tokenRate));
    return {
      requests: this.#requests,
      failures: this.#failures,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      ...(this.#limited > 0 && { limited: this.#limited }),
      ...(firstTokenMillis !== undefined && { firstTokenMillis }),
      ...(tokensPerSecond !== undefined && { tokensPerSecond }),
      ...(queueMillis !== undefined && { queueMillis }),
    };
  }
}

/** Of one token alone, or of a moment, nothing can be said. */
export function tokenRate({ outputTokens = 0, streamMillis = 0 }: Answered): number[] {
  return outputTokens > 1 && streamMillis >= shortestStream ? [(outputTokens - 1) / (streamMillis / 1000)] : [];
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
