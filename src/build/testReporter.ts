/**
 * A reporter for Node's test runner that writes what a run came to as lines of JSON, for `runTests.ts`: one for each test that failed, one
 * for each file, and one for the whole run.
 */

/** Lines of the reason that are kept; the difference of two long lists would hide the next failure. */
const maxLines = 12;

export type TestReport =
  | { readonly kind: 'failure'; readonly file: string; readonly name: string; readonly reason: string }
  | { readonly kind: 'file'; readonly file: string; readonly seconds: number }
  | { readonly kind: 'run'; readonly passed: number; readonly failed: number; readonly skipped: number };

/** The events of `node:test` that are read, as Node 24 documents them; others pass. */
type RunnerEvent =
  | { readonly type: 'test:fail'; readonly data: TestFailure }
  | { readonly type: 'test:summary'; readonly data: TestSummary }
  | { readonly type: 'test:pass'; readonly data: unknown };

interface TestFailure {
  readonly name: string;
  readonly file?: string;
  readonly details: { readonly error: { readonly message: string; readonly failureType?: string; readonly cause?: unknown } };
}

interface TestSummary {
  /** Undefined in the summary of the whole run. */
  readonly file?: string;
  readonly duration_ms: number;
  readonly counts: { readonly passed: number; readonly failed: number; readonly cancelled: number; readonly skipped: number };
}

export default async function* report(events: AsyncIterable<RunnerEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const line = reportOf(event);
    if (line) yield `${JSON.stringify(line)}\n`;
  }
}

export function reportOf(event: RunnerEvent): TestReport | undefined {
  if (event.type === 'test:fail') {
    const { name, file = '', details } = event.data;
    // A suite fails because of the tests in it, which have their own lines.
    if (details.error.failureType === 'subtestsFailed') return undefined;
    return { kind: 'failure', file, name, reason: reasonOf(details.error.cause ?? details.error.message) };
  }
  if (event.type !== 'test:summary') return undefined;
  const { file, counts, duration_ms: millis } = event.data;
  if (file !== undefined) return { kind: 'file', file, seconds: millis / 1000 };
  return { kind: 'run', passed: counts.passed, failed: counts.failed + counts.cancelled, skipped: counts.skipped };
}

function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return text.split('\n').slice(0, maxLines).join('\n');
}
