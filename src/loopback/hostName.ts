/** The name by which a request was sent here, without its port. A page of a browser can have been lured here by a name of its own. */
export function hostNameOf(host = ''): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Whether this name, as it stands in a URL, is one of this machine's loopback. */
export function isLoopback(hostName: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostName);
}
