import { availableParallelism } from 'node:os';

// `npm run users -- add ann --role admin`
// A thread for each core, because passwords are hashed in the pool. It starts with what the import below reads.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism());
const { runUsersCommand } = await import('#local/users-command.ts');
process.exitCode = await runUsersCommand(process.argv.slice(2), {
  environment: process.env,
  output: process.stdout,
  errors: process.stderr,
  process,
});
