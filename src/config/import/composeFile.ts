/** A file of docker compose: all of it, and each of its services. */
import type { Discoverer, FoundTask } from './foundTask.ts';
import { yamlEntries } from './yamlEntries.ts';

export const composeFile: Discoverer = {
  kind: 'Docker Compose',
  // In the order in which docker itself looks for them.
  files: ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'],
  isNested: true,
  find: (text) => {
    const services = yamlEntries(text, 'services').filter(({ name }) => /^[a-zA-Z0-9][\w.-]*$/.test(name));
    if (services.length === 0) return [];
    const all = { ...commandFor(''), likely: true, line: Math.max(0, (services[0]?.line ?? 0) - 1) };
    if (services.length === 1) return [all];
    return [all, ...services.map(({ name, line }) => ({ ...commandFor(` ${name}`), likely: false, line }))];
  },
};

/** The containers belong to Docker's daemon: they would outlive the command where that is killed. `services`: with a space in front. */
function commandFor(services: string): Pick<FoundTask, 'label' | 'command' | 'more'> {
  const command = `docker compose up${services}`;
  const stop = [{ run: `docker compose stop${services}`, timeout: '20s' }, '10s', 'SIGKILL'];
  return { label: command, command, more: { stop } };
}
