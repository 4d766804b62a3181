import { runGateway } from '#gateway/run-gateway.ts';

// The API as a process, on the platform that PLATFORM names.
process.exit(await runGateway(process.env));
