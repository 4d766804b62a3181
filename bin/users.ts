import { runUsersCommand } from '#local/users-command.ts';

// `npm run users -- add ann --role admin`
process.exitCode = await runUsersCommand(process.argv.slice(2), {
  environment: process.env,
  output: process.stdout,
  errors: process.stderr,
});
