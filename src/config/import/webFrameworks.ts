/** The development servers of Django and Rails. */
import type { Discoverer } from './foundTask.ts';

export const django: Discoverer = {
  kind: 'Django',
  files: ['manage.py'],
  isNested: true,
  find: (text, { system }) => {
    if (!/\bdjango\b/.test(text)) return [];
    const command = `${system === 'windows' ? 'python' : 'python3'} manage.py runserver`;
    return [{ label: 'manage.py runserver', command, likely: true, line: 0 }];
  },
};

export const rails: Discoverer = {
  kind: 'Rails',
  files: ['config/application.rb'],
  isNested: true,
  find: (text, folder) => {
    if (!/\bRails::Application\b/.test(text)) return [];
    return ['bin/dev', 'bin/rails server']
      .filter((command) => folder.has(command.split(' ')[0] ?? ''))
      .map((command) => ({ label: command, command, likely: true, line: 0 }));
  },
};
