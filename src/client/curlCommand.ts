import { quoteForShell } from '../command/shellQuoting.ts';

/** Where a command line has the key of the gateway: it is never written into one that is copied. */
export const tokenVariable = 'TREE_WARDEN_TOKEN';

export interface RepeatedRequest {
  /** Of the gateway. */
  readonly url: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** The request as a command line for sh, which takes the key from {@link tokenVariable}. */
export function curlCommand({ url, path, contentType, body }: RepeatedRequest): string {
  const quote = (value: string): string => quoteForShell({ value, quoting: 'strong' }, false);
  return [
    // Without globbing: a query may have braces.
    `curl --globoff ${quote(`${url}${path}`)}`,
    `-H "Authorization: Bearer $${tokenVariable}"`,
    `-H ${quote(`Content-Type: ${contentType}`)}`,
    `--data-raw ${quote(body)}`,
  ].join(' \\\n  ');
}
