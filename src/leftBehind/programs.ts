/** Programs by what they are called with: which of them keep what runs below them, and which are to live on. */
import { basename } from 'node:path';
import { calledName, interpreters, scriptOf } from './commandWords.ts';
import type { ProcessRow } from './processRow.ts';

type Program = Pick<ProcessRow, 'name' | 'argv'>;

/** What a person talks to while it works, also where an interpreter runs it. */
const agents = words('claude codex gemini aider opencode goose amp cursor-agent copilot crush qwen openhands cline droid');

/** Editors, terminals and what else holds a session: they, and all that runs below them, are alive on purpose. In lower case. */
const sessionPrograms = new Set([
  ...agents,
  // Editors, and their servers.
  ...words(
    'code code-insiders code-oss code-server code-tunnel codium vscodium cursor cursor-server windsurf positron trae zed zed-editor',
  ),
  ...words(
    'nvim vim vi gvim emacs emacsclient helix hx kak micro nano sublime_text subl openvscode-server idea webstorm pycharm goland clion',
  ),
  ...words('phpstorm rider rubymine fleet theia jupyter jupyter-lab jupyter-notebook jupyter-server rserver rsession zed-remote-server'),
  // Terminals, and what shares them.
  ...words(
    'gnome-terminal gnome-terminal-server gnome-terminal- kgx ptyxis konsole yakuake xterm uxterm urxvt rxvt alacritty kitty wezterm',
  ),
  ...words(
    'wezterm-gui wezterm-mux-server foot footclient tilix terminator xfce4-terminal mate-terminal lxterminal qterminal st ghostty guake',
  ),
  ...words('hyper warp terminology cool-retro-term blackbox rio contour ttyd gotty script expect tmux screen zellij abduco dtach byobu'),
  // Logins, and what runs as another user or somewhere else.
  ...words(
    'sshd sshd-session sshd-auth dropbear mosh-server etserver login su sudo doas pkexec runuser getty agetty systemd-run machinectl gdm',
  ),
  ...words('sddm lightdm gnome-shell gnome-session gnome-session-binary plasmashell kwin_wayland kwin_x11 sway hyprland i3 xfce4-session'),
  ...words(
    'cinnamon mate-session xinit startx docker dockerd containerd containerd-shim containerd-shim-runc-v2 docker-proxy docker-compose',
  ),
  ...words(
    'conmon runc crun podman buildah buildkitd rootlesskit slirp4netns pasta passt lxc-start lxd incusd k3s kubelet qemu-system-x86_64',
  ),
  ...words('qemu-system-aarch64 bwrap flatpak snapd distrobox toolbox devcontainer vagrant'),
  // What starts and keeps services, jobs and builds.
  ...words(
    'dumb-init supervisord runsvdir runsv s6-svscan s6-supervise svscan supervise monit circusd pm2 forever cron crond fcron anacron atd at batch',
  ),
  ...words('runner.listener runner.worker gitlab-runner buildkite-agent drone-runner act_runner woodpecker-agent'),
  // Daemons that live on to serve the next command.
  ...words(
    'ssh-agent gpg-agent dbus-daemon dbus-broker watchman adb eslint_d prettierd sccache ccache bazel buck2d pants vbcscompiler mutagen',
  ),
  ...words('dropbox syncthing pulseaudio pipewire wireplumber xvfb xorg xvnc'),
  ...words('epmd gopls spring stylelint_d keyboxd dirmngr scdaemon gvfsd dconf-service at-spi-bus-launcher'),
  // What is opened on the desktop, by a dev server for instance.
  ...words(
    'nautilus dolphin thunar nemo evince okular eog gwenview loupe libreoffice soffice.bin vlc mpv thunderbird slack discord obsidian',
  ),
  // Tree Warden's own.
  ...words('tree-warden tree-warden-switch'),
]);

/** The scripts of interpreters among them: other scripts are often called by the names of programs. */
const sessionScripts = new Set([
  ...agents,
  ...words('code-server pm2 forever eslint_d prettierd jupyter jupyter-lab jupyter-notebook tree-warden'),
]);

/** Of a command line whose words are joined by spaces. */
const sessionCommands: readonly RegExp[] = [
  /--type=(?:extensionHost|ptyHost|fileWatcher)\b/,
  /\/(?:server-main|bootstrap-fork|server-cli)(?:\.js)?(?: |$)|\/code-server\/(?:out|lib)\/|\/lib\/(?:code|code-oss|vscodium|codium)\//,
  /\/\.(?:vscode|cursor|windsurf|vscodium|positron)-(?:server|remote)[^ ]*\/(?:bin|cli|server)\//,
  /\b(?:GradleDaemon|GradleWorkerMain|KotlinCompileDaemon|org\.gradle\.launcher\.daemon|com\.intellij\.idea\.Main|bloop\.Bloop)\b/,
  /\/nx\/(?:src|dist)\/[^ ]*daemon\/|\bfsmonitor--daemon\b|\bcredential-cache--daemon\b|\bMSBuild\.dll\b.*\/nodemode|VBCSCompiler/,
  /\bbiome[^ ]* (?:[^ ]+ )*__run_server\b|\bdart[^ ]* (?:[^ ]+ )*tooling-daemon\b/,
  /\bturbo (?:[^ ]+ )*daemon\b|^PM2 v|\bipykernel|-m (?:jupyter|notebook|ipykernel|supervisor)\b/,
  /\/tree-warden[^ ]*\/dist\/\w+\.js\b|\/(?:warden|gateway)\.js (?:serve|reap|sweep)\b|\/gateway\.js$/,
];

function words(line: string): readonly string[] {
  return line.split(' ');
}

/** What serves one program, and ends with it or by itself: nothing is left behind in it, but anything may have it as a child. */
const helpers = new Set(words('chrome_crashpad_handler chrome_crashpad crashpad_handler git git-remote-https git-remote-http ssh'));

/** Browsers: the user's own, unless a program drives them. */
const browsers = new Set([
  ...words(
    'firefox firefox-bin firefox-esr librewolf chrome google-chrome google-chrome-stable chromium chromium-browser brave brave-browser',
  ),
  ...words('msedge microsoft-edge opera vivaldi vivaldi-bin epiphany falkon zen'),
]);
/** A program drives it, or it is one of the processes that a browser has started. */
const isDriven = /(?:^| )-{1,2}(?:headless|remote-debugging-|enable-automation|marionette|juggler|type=|contentproc)/;

/** Maximum length of a command line that is searched, in characters. */
const searched = 4096;

/** Whether the process, and all that runs below it, is kept by a program that holds a session or is to live on. */
export function holdsSession({ name, argv }: Program): boolean {
  const [program = ''] = argv;
  const called = calledName(program);
  const names = [name, called].map((one) => one.toLowerCase().replace(/^-/, ''));
  // Some write a title: `tmux: server`, `bazel(shop)`.
  if (names.some((one) => sessionPrograms.has(one) || sessionPrograms.has(one.split(/[: (]/)[0] ?? ''))) return true;
  // The switch is a shell with a long script in front of its name.
  if (argv.includes('tree-warden-switch') || sessionScripts.has(scriptName(argv))) return true;
  const line = argv.join(' ').slice(0, searched);
  if (names.some((one) => browsers.has(one)) && !isDriven.test(line)) return true;
  return sessionCommands.some((command) => command.test(line));
}

/** An agent that works in a terminal, in an editor or in the background. */
export function isAgent({ name, argv }: Program): boolean {
  return [name, calledName(argv[0] ?? ''), scriptName(argv)].some((one) => agents.includes(one.toLowerCase()));
}

/** Whether the process serves another one that may be alive, though it is no child of that. */
export function servesAnother({ name, argv }: Program): boolean {
  return [name, calledName(argv[0] ?? '')].some((one) => helpers.has(one));
}

/** Of an interpreter; empty where there is none. */
function scriptName(argv: readonly string[]): string {
  const script = interpreters.test(calledName(argv[0] ?? '')) ? basename(scriptOf(argv) ?? '') : '';
  return script.replace(/\.(?:[cm]?js|py)$/, '');
}

/** A service manager of the user, and a helper of it: what they start are services or scopes, and orphans come back to the first. */
export function isUserManager({ name, argv }: Program): boolean {
  return (name === 'systemd' && argv.includes('--user')) || (name === '(sd-pam)' && argv.length <= 1);
}
