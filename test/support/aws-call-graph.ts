import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One SDK call that a program can make, and the file that makes it. */
export interface ReachableCall {
  /** For example `dynamodb:GetItem`. */
  readonly action: string;
  /** From the root of the repository. */
  readonly file: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Where implementations of ports are looked for: other platforms do not run on AWS. */
const ON_AWS =
  /^(lambdas|lifecycle|lib\/(core|contract|api|adapters\/(aws|artifacts))|lib\/platform\/(aws|late|lifecycle|notifier|platform|environment)[\w-]*\.ts)/;

const SERVICES: Readonly<Record<string, string>> = {
  'client-cloudformation': 'cloudformation',
  'client-cloudwatch-logs': 'logs',
  'client-dynamodb': 'dynamodb',
  'client-ecs': 'ecs',
  'client-lambda': 'lambda',
  'client-s3': 's3',
  'client-sns': 'sns',
  'client-sqs': 'sqs',
};

/**
 * The calls of functions that can be reached from some modules, found in their source by the type checker. A member of
 * an interface reaches its implementations on AWS. A function counts as called where it is named, so the answer is never
 * too small.
 */
export class AwsCallGraph {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #implementations = new Map<ts.Node, ts.Node[]>();

  constructor(files: readonly string[]) {
    const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent({ ...config, files: [...files] }, ts.sys, ROOT);
    this.#program = ts.createProgram([...files], options);
    this.#checker = this.#program.getTypeChecker();
    for (const source of this.#program.getSourceFiles()) {
      if (isOnAws(source)) this.#findImplementations(source);
    }
  }

  /** All calls that can be reached from what these files export. */
  callsFrom(files: readonly string[]): readonly ReachableCall[] {
    const calls = new Map<string, ReachableCall>();
    const seen = new Set<ts.Node>();
    const pending: ts.Node[] = files.flatMap((file) => [...(this.#program.getSourceFile(file)?.statements ?? [])]);
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      this.#scan(
        node,
        (found) => pending.push(found),
        (call) => calls.set(`${call.action} ${call.file}`, call),
      );
    }
    return [...calls.values()];
  }

  #scan(root: ts.Node, reach: (node: ts.Node) => void, record: (call: ReachableCall) => void): void {
    const visit = (node: ts.Node): void => {
      if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
      if (node !== root && (this.#waitsForName(node) || ts.isClassDeclaration(node))) return;
      if (ts.isNewExpression(node)) {
        const call = this.#callOf(node);
        if (call) record(call);
      }
      if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node))
        for (const target of this.#targetsOf(node)) reach(target);
      ts.forEachChild(node, visit);
    };
    visit(root);
  }

  /** Whether a declaration is scanned only when something names it. */
  #waitsForName(node: ts.Node): boolean {
    if (ts.isFunctionDeclaration(node)) return true;
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) return isNamedAgain(node.name);
    if (!isProperty(node) || !this.#canAct(this.#checker.getTypeAtLocation(node.name))) return false;
    return this.#declarationsOf(this.#contextualProperty(node)).some((each) => isProject(each));
  }

  /** Whether a value can make calls later: a function, or an object with functions of this project. Data cannot. */
  #canAct(type: ts.Type): boolean {
    const types = type.isUnion() ? type.types : [type];
    return types.some(
      (each) =>
        each.getCallSignatures().length > 0 ||
        each
          .getProperties()
          .some((property) =>
            this.#declarationsOf(property).some((member) => isProject(member) && this.#isFunction(member)),
          ),
    );
  }

  #isFunction(member: ts.Node): boolean {
    return this.#checker.getTypeAtLocation(member).getCallSignatures().length > 0;
  }

  #callOf(node: ts.NewExpression): ReachableCall | undefined {
    const { aliasSymbol, symbol = aliasSymbol } = this.#checker.getTypeAtLocation(node);
    const [declaration] = this.#declarationsOf(symbol);
    const [, service = '', operation] =
      /@aws-sdk\/([\w-]+)\/.*\/commands\/(\w+)Command\.d\.ts$/.exec(declaration?.getSourceFile().fileName ?? '') ?? [];
    if (operation === undefined) return undefined;
    return { action: `${SERVICES[service] ?? service}:${operation}`, file: pathOf(node.getSourceFile()) };
  }

  /** What a name may run: bodies of functions and methods, and initializers. */
  #targetsOf(name: ts.Identifier | ts.PrivateIdentifier): readonly ts.Node[] {
    const found = ts.isBindingElement(name.parent) ? this.#boundProperty(name.parent) : undefined;
    const symbols = [this.#resolved(this.#checker.getSymbolAtLocation(name)), found];
    if (ts.isShorthandPropertyAssignment(name.parent)) {
      symbols.push(this.#resolved(this.#checker.getShorthandAssignmentValueSymbol(name.parent)));
    }
    return symbols.flatMap((symbol) => this.#declarationsOf(symbol)).flatMap((each) => this.#runsOf(each));
  }

  #runsOf(declaration: ts.Declaration): readonly ts.Node[] {
    if (!isProject(declaration)) return [];
    const implementations = this.#implementations.get(declaration) ?? [];
    if (ts.isClassDeclaration(declaration)) return declaration.members.filter(runsAtConstruction);
    if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) return [];
    if (ts.isParameter(declaration) || ts.isBindingElement(declaration)) return implementations;
    if (isProperty(declaration) && !this.#canAct(this.#checker.getTypeAtLocation(declaration.name))) return [];
    return [declaration, ...implementations];
  }

  #findImplementations(source: ts.SourceFile): void {
    const visit = (node: ts.Node): void => {
      if (isProperty(node) && this.#canAct(this.#checker.getTypeAtLocation(node.name))) {
        this.#implement(this.#contextualProperty(node), node);
      }
      if (ts.isClassDeclaration(node)) {
        const types = (node.heritageClauses ?? []).flatMap(({ types: each }) => each);
        for (const member of node.members) {
          const name = member.name?.getText();
          if (name === undefined) continue;
          for (const type of types) this.#implement(this.#checker.getTypeAtLocation(type).getProperty(name), member);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }

  #implement(property: ts.Symbol | undefined, node: ts.Node): void {
    for (const declaration of this.#declarationsOf(property)) {
      const known = this.#implementations.get(declaration) ?? [];
      if (declaration !== node) this.#implementations.set(declaration, [...known, node]);
    }
  }

  #contextualProperty(node: ts.ObjectLiteralElementLike): ts.Symbol | undefined {
    if (!ts.isObjectLiteralExpression(node.parent) || !node.name) return undefined;
    return this.#checker.getContextualType(node.parent)?.getProperty(node.name.getText());
  }

  #boundProperty(element: ts.BindingElement): ts.Symbol | undefined {
    const name = (element.propertyName ?? element.name).getText();
    return this.#checker.getTypeAtLocation(element.parent).getProperty(name);
  }

  #resolved(symbol: ts.Symbol | undefined): ts.Symbol | undefined {
    return symbol && (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #declarationsOf(symbol: ts.Symbol | undefined): readonly ts.Declaration[] {
    return symbol?.declarations ?? [];
  }
}

const pathOf = (source: ts.SourceFile): string => source.fileName.replace(ROOT, '');
const isOnAws = (source: ts.SourceFile): boolean => ON_AWS.test(pathOf(source));
const isProject = (node: ts.Node): boolean => isOnAws(node.getSourceFile());

const isProperty = (
  node: ts.Node,
): node is ts.PropertyAssignment | ts.MethodDeclaration | ts.ShorthandPropertyAssignment =>
  ts.isObjectLiteralExpression(node.parent ?? node) &&
  (ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node) || ts.isShorthandPropertyAssignment(node));

const runsAtConstruction = (member: ts.ClassElement): boolean =>
  ts.isConstructorDeclaration(member) || (ts.isPropertyDeclaration(member) && member.initializer !== undefined);

/** A constant that nothing names runs all the same. */
function isNamedAgain(name: ts.Identifier): boolean {
  const text = name.getSourceFile().text;
  return (text.match(new RegExp(`\\b${name.text}\\b`, 'g'))?.length ?? 0) > 1;
}
