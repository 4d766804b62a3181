/** Where `npm run lifecycle:databases` runs the suites of the lifecycle. Without the variable, they run on SQLite. */
export const LEGS = ['postgres', 'dsql'] as const;
export const LEG_VARIABLE = 'LIFECYCLE_DATABASES';
