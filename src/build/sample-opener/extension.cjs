/** So that `npm start` has something to see: the view is open, and a process runs. */
const { commands } = require('vscode');

exports.activate = async () => {
  await commands.executeCommand('tree-warden.processes.focus');
  // As the button of its row does it.
  await commands.executeCommand('tree-warden.start', { kind: 'process', context: '', process: 'web' });
};
