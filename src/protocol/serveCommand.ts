import type { Lifetime } from './identity.ts';

export interface ServeOptions {
  readonly workspace: string;
  readonly window: string;
  readonly logFolder: string;
  readonly lifetime?: Lifetime;
  /** Where on 127.0.0.1 metrics are served; 0, or absent: nowhere. */
  readonly metricsPort?: number;
  /** Whether what the trees have used is written beside the logs, too. */
  readonly keepHistory?: boolean;
  /** It is the model service of the user. */
  readonly isModelService?: boolean;
}

/**
 * V8 lets the heap for short-lived objects grow to 100 MB before it looks for garbage; a warden's are a few hundred kilobytes a
 * second, so 2 MB serve as well, and its memory stays what it was at first. In megabytes, per half.
 */
const semiSpaceMegabytes = 2;

/** What Node is started with to be a warden. */
export function serveArguments(
  script: string,
  { workspace, window, logFolder, lifetime = 'managed', metricsPort, keepHistory, isModelService }: ServeOptions,
): string[] {
  const port = metricsPort === undefined ? {} : { 'metrics-port': String(metricsPort) };
  const named = { workspace, window, 'log-folder': logFolder, lifetime, ...port };
  const options = [
    ...Object.entries(named).flatMap(([name, value]) => [`--${name}`, value]),
    ...(keepHistory ? ['--keep-history'] : []),
    ...(isModelService ? ['--model-service'] : []),
  ];
  return [`--max-semi-space-size=${semiSpaceMegabytes}`, script, 'serve', ...options];
}
