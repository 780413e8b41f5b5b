/** Preloaded into each replica: it ends with the test that started it, however that ends, when its standard input does. */
process.stdin.on('error', () => {}).once('close', () => process.kill(process.pid, 'SIGKILL'));
process.stdin.resume();
process.stdin.unref();
