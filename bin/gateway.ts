import { runGateway } from '#gateway/run-gateway.ts';

// The API as a process of its own: on RabbitMQ + Redis, or on emulators of AWS, as PLATFORM says.
process.exit(await runGateway(process.env));
