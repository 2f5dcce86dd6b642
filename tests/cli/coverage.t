  $ loc() { printf '{"start":{"line":%s,"column":%s},"end":{"line":%s,"column":%s}}' "$@"; }
  $ entry() { printf '"%s":{"path":"%s","statementMap":{"0":%s,"1":%s},"fnMap":{"0":{"name":"f","decl":%s,"loc":%s,"line":1}},"branchMap":{"0":{"loc":%s,"type":"if","locations":[%s,{}],"line":3}},"s":{"0":%s,"1":%s},"f":{"0":%s},"b":{"0":[%s,0]}}' \
  >   "$1" "$1" "$(loc 1 0 1 9)" "$(loc 3 0 4 2)" "$(loc 1 0 1 3)" "$(loc 1 0 4 2)" "$(loc 3 0 4 2)" "$(loc 3 0 4 2)" "$2" "$3" "$2" "$3"; }
  $ mkdir -p src/deep && : > src/a.js && : > src/deep/b.js
  $ echo "{$(entry "$PWD/src/a.js" 1 0),$(entry "$PWD/src/deep/b.js" 0 0)}" > one.json
  $ echo "{$(entry "$PWD/src/a.js" 0 2)}" > two.json

Merging, and what it says:

  $ muster coverage merge one.json two.json -o out/all.json
  out/all.json: 2 files of 2 inputs, lines 50 %, statements 50 %, functions 50 %, branches 25 %
  $ muster coverage merge two.json one.json -q | cmp - out/all.json
  $ ls out
  all.json
  $ muster coverage merge one.json two.json --json | sed "s|$PWD|ROOT|"
  {
    "schema": "muster/coverage-merge/1",
    "output": null,
    "inputs": 2,
    "files": 2,
    "lines": {
      "covered": 2,
      "total": 4,
      "pct": 50
    },
    "statements": {
      "covered": 2,
      "total": 4,
      "pct": 50
    },
    "functions": {
      "covered": 1,
      "total": 2,
      "pct": 50
    },
    "branches": {
      "covered": 1,
      "total": 4,
      "pct": 25
    },
    "complete": true,
    "problems": [],
    "exit_code": 0,
    "exit_reason": "passed"
  }

Reports:

  $ muster coverage report one.json two.json
  ----------|---------|----------|---------|---------|-------------------
  File      | % Stmts | % Branch | % Funcs | % Lines | Uncovered Line #s 
  ----------|---------|----------|---------|---------|-------------------
  All files |      50 |       25 |      50 |      50 |                   
   src      |     100 |       50 |     100 |     100 |                   
    a.js    |     100 |       50 |     100 |     100 | 3                 
   src/deep |       0 |        0 |       0 |       0 |                   
    b.js    |       0 |        0 |       0 |       0 | 1-3               
  ----------|---------|----------|---------|---------|-------------------
  $ muster coverage report one.json --reporter text-summary
  
  =============================== Coverage summary ===============================
  Statements   : 25% ( 1/4 )
  Branches     : 0% ( 0/4 )
  Functions    : 50% ( 1/2 )
  Lines        : 25% ( 1/4 )
  ================================================================================
  $ muster coverage report out/all.json --reporter lcov,json-summary,json -o reports --reporter cobertura
  $ ls reports
  cobertura-coverage.xml
  coverage-final.json
  coverage-summary.json
  lcov.info
  $ cat reports/lcov.info
  TN:
  SF:src/a.js
  FN:1,f
  FNF:1
  FNH:1
  FNDA:1,f
  DA:1,1
  DA:3,2
  LF:2
  LH:2
  BRDA:3,0,0,2
  BRDA:3,0,1,0
  BRF:2
  BRH:1
  end_of_record
  TN:
  SF:src/deep/b.js
  FN:1,f
  FNF:1
  FNH:0
  FNDA:0,f
  DA:1,0
  DA:3,0
  LF:2
  LH:0
  BRDA:3,0,0,0
  BRDA:3,0,1,0
  BRF:2
  BRH:0
  end_of_record
  $ sed "s|$PWD|ROOT|; s/timestamp=\"[0-9]*\"/timestamp=\"0\"/" reports/cobertura-coverage.xml
  <?xml version="1.0" ?>
  <!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
  <coverage lines-valid="4" lines-covered="2" line-rate="0.5" branches-valid="4" branches-covered="1" branch-rate="0.25" timestamp="0" complexity="0" version="0.1">
    <sources>
      <source>ROOT</source>
    </sources>
    <packages>
      <package name="src" line-rate="1" branch-rate="0.5">
        <classes>
          <class name="a.js" filename="src/a.js" line-rate="1" branch-rate="0.5">
            <methods>
              <method name="f" hits="1" signature="()V">
                <lines>
                  <line number="1" hits="1"/>
                </lines>
              </method>
            </methods>
            <lines>
              <line number="1" hits="1" branch="false"/>
              <line number="3" hits="2" branch="true" condition-coverage="50% (1/2)"/>
            </lines>
          </class>
        </classes>
      </package>
      <package name="src.deep" line-rate="0" branch-rate="0">
        <classes>
          <class name="b.js" filename="src/deep/b.js" line-rate="0" branch-rate="0">
            <methods>
              <method name="f" hits="0" signature="()V">
                <lines>
                  <line number="1" hits="0"/>
                </lines>
              </method>
            </methods>
            <lines>
              <line number="1" hits="0" branch="false"/>
              <line number="3" hits="0" branch="true" condition-coverage="0% (0/2)"/>
            </lines>
          </class>
        </classes>
      </package>
    </packages>
  </coverage>
  $ cmp reports/coverage-final.json out/all.json

What is a path of another machine becomes one of here:

  $ sed "s|$PWD|/ci/build|g" two.json > foreign.json
  $ muster coverage merge one.json foreign.json --from /ci/build -q | cmp - out/all.json

A folder stands for its coverage, in its best format:

  $ mkdir -p shards/1 shards/2 && cp one.json shards/1/coverage-final.json && cp two.json shards/2/coverage-final.json
  $ cp reports/lcov.info shards/1 && cp reports/coverage-summary.json shards/1 && echo '{"name": "x"}' > shards/package.json
  $ muster coverage merge shards -o shards/all.json
  notice: shards/1/lcov.info: left out: the same coverage lies there with more detail
  notice: shards/package.json: left out: no coverage
  shards/all.json: 2 files of 2 inputs, lines 50 %, statements 50 %, functions 50 %, branches 25 %
  $ cmp shards/all.json out/all.json
  $ muster coverage merge shards -o shards/all.json -q && cmp shards/all.json out/all.json
  $ muster coverage merge one.json ./one.json two.json -o again.json
  notice: ./one.json: the same file was named before; it is counted once
  again.json: 2 files of 2 inputs, lines 50 %, statements 50 %, functions 50 %, branches 25 %
  $ cmp again.json out/all.json

What is broken is named, the rest is merged, and the exit code says so:

  $ head -c 300 one.json > cut.json
  $ muster coverage merge two.json cut.json none.json -o part.json
  error: cut.json: at byte 300: the file ends here
  error: none.json: it cannot be read: No such file or directory
  part.json: 1 file of 1 input, lines 50 %, statements 50 %, functions 0 %, branches 50 %; incomplete
  [5]
  $ muster coverage merge cut.json -o nothing.json
  error: cut.json: at byte 300: the file ends here
  error: none of 1 file is coverage that can be read
  help: nothing was written; see above for each file
  [5]
  $ ls nothing.json
  ls: cannot access 'nothing.json': No such file or directory
  [2]
  $ muster coverage merge
  error: `muster coverage merge` needs files or folders
  help: usage: muster coverage merge INPUT...
  [2]
  $ muster coverage merge none.json
  error: none.json: it cannot be read: No such file or directory
  error: there is no coverage to read
  help: name files (Istanbul JSON, lcov, Cobertura), folders that have them, or run directories
  [2]
  $ muster coverage report one.json --reporter lcow
  error: unknown coverage report `lcow`
  help: did you mean `lcov`? known here: text, text-summary, lcov, cobertura, json, json-summary, html
  [2]
  $ mkdir empty && muster coverage report empty
  notice: empty: no coverage in this folder
  error: there is no coverage to read
  help: name files (Istanbul JSON, lcov, Cobertura), folders that have them, or run directories
  [2]
  $ muster coverage report one.json --reporter lcov -o /dev/null/x
  error: cannot create /dev/null/x: Not a directory
  [7]
  $ muster coverage
  error: `muster coverage` needs to know what to do
  help: usage: muster coverage merge|report|check INPUT...
  [2]

More than Node can read (its strings end at 512 MB):

  $ cat > huge.py <<'PY'
  > import sys
  > n = 8000
  > places = ','.join('"%d":{"start":{"line":%d,"column":0},"end":{"line":%d,"column":9}}' % (i, i + 1, i + 1) for i in range(n))
  > hits = ','.join('"%d":1' % i for i in range(n))
  > entry = '"a.js":{"path":"a.js","statementMap":{%s},"fnMap":{},"branchMap":{},"s":{%s},"f":{},"b":{}}' % (places, hits)
  > times = (1 << 29) // len(entry) + 1
  > sys.stdout.write('{')
  > for i in range(times):
  >     sys.stdout.write(entry + ('}' if i + 1 == times else ','))
  > print(times, file=sys.stderr)
  > PY
  $ python3 huge.py 2> times | muster coverage merge - -o huge.json
  huge.json: 1 file of 1 input, lines 100 %, statements 100 %, functions 100 %, branches 100 %
  $ python3 -c '
  > import json
  > (entry,) = json.load(open("huge.json")).values()
  > print(set(entry["s"].values()) == {int(open("times").read())}, len(entry["s"]))'
  True 8000
