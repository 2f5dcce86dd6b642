  $ reports=$TESTDIR/../fixtures/junit
  $ cp "$reports"/*.xml .
  $ trim() { sed 's/ *$//' "$1"; }
  $ well_formed() { python3 -c '
  > import sys, xml.etree.ElementTree as E
  > root = E.parse(sys.argv[1]).getroot()
  > cases = root.findall(".//testcase")
  > print(root.tag, *("%s=%s" % (k, root.get(k)) for k in ("tests", "failures", "errors", "skipped")))
  > print(len(cases), "cases,", sum(c.find("failure") is not None for c in cases), "failed,",
  >       sum(c.find("skipped") is not None for c in cases), "skipped")
  > assert all(len(s) == 0 or s.tag != "testcase" for s in root)' "$1"; }

All dialects into one; failures inside are no failure of the merge:

  $ muster junit merge *.xml -o out/all.xml
  notice: jest-junit.xml: its totals are not those of its test cases, which count (tests: 4 claimed, 5 counted)
  notice: mocha-junit-reporter.xml: its totals are not those of its test cases, which count (tests: 3 claimed, 2 counted; skipped: 1 claimed, 0 counted)
  notice: mocha-xunit.xml:4: 2 characters that XML forbids: replaced by U+FFFD
  notice: mocha-xunit.xml:1: 15 bytes of other text around the report: passed over
  out/all.xml: 20 tests of 7 files, 6 failed, 4 skipped, 1 flaky
  $ well_formed out/all.xml
  testsuites tests=20 failures=6 errors=0 skipped=4
  20 cases, 6 failed, 4 skipped
  $ ls out
  all.xml
  $ muster junit merge *.xml -q | cmp - out/all.xml

What is merged again stays what it is, and nothing is left to be said:

  $ muster junit merge out/all.xml > again.xml && diff <(trim again.xml) <(trim out/all.xml)
  $ rm again.xml

Suites in suites, test cases without one, retries in the order that surefire writes:

  $ muster junit merge node-test.xml > node.out && trim node.out
  <?xml version="1.0" encoding="UTF-8"?>
  <testsuites name="merged" tests="4" failures="1" errors="0" skipped="1" time="0.001778">
    <testsuite name="node-test.xml" tests="1" failures="0" errors="0" skipped="0" time="0.000135">
      <testcase name="alone" time="0.000135" classname="test"/>
    </testsuite>
    <testsuite name="outer" time="0.016603" disabled="0" errors="0" tests="2" failures="1" skipped="1" hostname="ci">
      <testsuite name="inner" time="0.003" disabled="0" errors="0" tests="1" failures="1" skipped="0" hostname="ci">
        <testcase name="bad" time="0.001474" classname="test" failure="1 !== 2">
          <failure type="testCodeFailure" message="1 !== 2">
  [Error [ERR_TEST_FAILURE]: 1 !== 2
      at TestContext.&lt;anonymous&gt; (mix.test.js:2:97)]
  				</failure>
        </testcase>
      </testsuite>
      <testcase name="todo" time="0.000104" classname="test">
        <skipped type="todo" message="true"/>
      </testcase>
    </testsuite>
    <testsuite name="node-test.xml" tests="1" failures="0" errors="0" skipped="0" time="0.000065">
      <testcase name="last" time="0.000065" classname="test"/>
    </testsuite>
  </testsuites>
  $ muster junit merge playwright-retries.xml | grep -o '<[a-zA-Z-]* \|<system-out\|<stackTrace'
  <testsuites 
  <testsuite 
  <testcase 
  <failure 
  <rerunFailure 
  <stackTrace
  <system-out
  <testcase 
  <flakyFailure 
  <stackTrace

For programs; without -o only the totals:

  $ muster junit merge vitest.xml playwright-retries.xml --json
  {
    "schema": "muster/junit-merge/1",
    "output": null,
    "files": 2,
    "suites": 2,
    "tests": 4,
    "failures": 2,
    "errors": 0,
    "skipped": 0,
    "flaky": 1,
    "time_s": 0.072590768,
    "duplicates": 0,
    "complete": true,
    "problems": [],
    "exit_code": 0,
    "exit_reason": "passed"
  }
  $ muster junit merge vitest.xml playwright-retries.xml --time max --json | grep time
    "time_s": 4.242977,

The same file is read once; the same test cases in several files are all kept:

  $ cp vitest.xml again.xml
  $ muster junit merge vitest.xml ./vitest.xml again.xml -o two.xml
  notice: ./vitest.xml: the same file was named before; it is read once
  notice: 2 test cases are in more than one file: all are kept and counted; `price > ok $1^|\d` (vitest.xml, again.xml), `price > bad` (vitest.xml, again.xml)
  two.xml: 4 tests of 2 files, 2 failed
  $ rm again.xml

Folders: every *.xml below, in order, without what is written itself. What is no JUnit report there
is none; named, it is an error:

  $ mkdir -p in/b in/a && mv vitest.xml in/b && mv playwright.xml in/a
  $ echo '<coverage/>' > in/coverage.xml
  $ for round in 1 2; do muster junit merge in -o in/merged.xml; done
  notice: in/coverage.xml:1:1: not a JUnit report: its root is <coverage>; nothing of it is kept
  in/merged.xml: 4 tests of 2 files, 1 failed, 1 skipped
  notice: in/merged.xml: left out: it is what is being written
  notice: in/coverage.xml:1:1: not a JUnit report: its root is <coverage>; nothing of it is kept
  in/merged.xml: 4 tests of 2 files, 1 failed, 1 skipped
  $ muster junit merge in/coverage.xml in/b/vitest.xml -o x.xml
  error: in/coverage.xml:1:1: not a JUnit report: its root is <coverage>; nothing of it is kept
  x.xml: 2 tests of 1 file, 1 failed; incomplete
  [5]

An input can be the output; a link is replaced, not followed:

  $ cp in/b/vitest.xml v.xml && muster junit merge v.xml in/a/playwright.xml -o v.xml
  v.xml: 4 tests of 2 files, 1 failed, 1 skipped
  $ echo precious > kept && ln -s kept link.xml && muster junit merge -q v.xml -o link.xml
  $ cat kept; cmp link.xml v.xml; muster junit merge v.xml -o /dev/null; test -c /dev/null
  precious

What is broken is said by place, what came before is kept, the others are merged:

  $ head -c 400 jest-junit.xml > cut.xml
  $ printf '<testsuite name="a">\n  <testcase name="b"/>\n  <testcase name="c">\n</testsuite>' > tags.xml
  $ printf '<?xml version="1.0" encoding="x-mac-roman"?><testsuite/>' > encoding.xml
  $ printf '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY a "&lol;&lol;">]>\n<testsuite><testcase name="&a;"/></testsuite>' > bomb.xml
  $ echo '<testsuite><testcase name="x"/></testsuite>' > xxe.xml && sed -i '1i <!DOCTYPE testsuite [<!ENTITY f SYSTEM "kept">]>' xxe.xml
  $ echo 'Error: connect' > text.xml; : > empty.xml
  $ python3 -c 'print("<testsuite><testcase name=\"a\"/><testcase name=\"%s\"/></testsuite>" % ("x" * 2000000))' > huge.xml
  $ printf '<testsuite><testcase name="\033[31m\377"/></testsuite>' > bytes.xml
  $ muster junit merge cut.xml tags.xml encoding.xml bomb.xml xxe.xml text.xml empty.xml huge.xml bytes.xml gone.xml v.xml -o some.xml
  error: cut.xml:6:5: the file ends inside of <testsuite>; 1 complete test case before it is kept
  error: tags.xml:4:3: malformed XML: mismatched tag; 1 complete test case before it is kept
  error: encoding.xml:1:31: the encoding is not known here (UTF-8, UTF-16, ISO-8859-1 and US-ASCII are); nothing of it is kept
  error: bomb.xml:1:16: a document type with declarations is refused; nothing of it is kept
  error: xxe.xml:1:21: a document type with declarations is refused; nothing of it is kept
  error: text.xml:1:1: not XML: no <testsuites> or <testsuite> in it; nothing of it is kept
  error: empty.xml: the file is empty; nothing of it is kept
  error: huge.xml:1:32: a tag or comment is larger than 1 MiB; 1 complete test case before it is kept
  notice: bytes.xml:1: 2 characters that XML forbids: replaced by U+FFFD
  error: gone.xml: cannot be read: No such file or directory; nothing of it is kept
  some.xml: 8 tests of 5 files, 1 failed, 1 skipped; incomplete
  [5]
  $ well_formed some.xml
  testsuites tests=8 failures=1 errors=0 skipped=1
  8 cases, 1 failed, 1 skipped
  $ muster junit merge cut.xml v.xml --json 2>&1 >/dev/null | head -1
  error: cut.xml:6:5: the file ends inside of <testsuite>; 1 complete test case before it is kept
  $ muster junit merge cut.xml v.xml --json 2>/dev/null | sed -n '/complete/,$p'
    "complete": false,
    "problems": [
      {
        "severity": "error",
        "kind": "truncated",
        "file": "cut.xml",
        "line": 6,
        "column": 5,
        "message": "the file ends inside of <testsuite>; 1 complete test case before it is kept"
      }
    ],
    "exit_code": 5,
    "exit_reason": "incomplete"
  }

Nothing at all:

  $ mkdir none
  $ muster junit merge none -o n.xml
  notice: none: no *.xml in this folder
  error: there is no file to merge
  help: name JUnit files, or folders that have them as *.xml
  [2]
  $ muster junit merge 'no/*.xml' -o n.xml
  error: no/*.xml: cannot be read: No such file or directory; nothing of it is kept
  error: there is no file to merge
  help: name JUnit files, or folders that have them as *.xml
  [2]
  $ muster junit merge empty.xml -o n.xml
  error: empty.xml: the file is empty; nothing of it is kept
  error: none of 1 file is a JUnit report that can be read
  help: nothing was written; see above for each file
  [5]
  $ test -e n.xml
  [1]
  $ muster junit merge -o n.xml
  error: `muster junit merge` needs files or folders
  help: usage: muster junit merge FILE... [-o OUT.xml]
  [2]
  $ muster junit
  error: `muster junit` needs to know what to do
  help: usage: muster junit merge FILE... [-o OUT.xml]
  [2]
  $ muster junit merge v.xml -o none
  error: none is a folder
  help: name the file in it: -o none/junit.xml
  [2]
  $ muster junit merge v.xml --json -o -
  error: `--json` and `-o -` both write to stdout
  help: name a file for the report: -o FILE
  {
    "schema": "muster/error/1",
    "error": "`--json` and `-o -` both write to stdout",
    "help": "name a file for the report: -o FILE",
    "exit_code": 2,
    "exit_reason": "usage or configuration error"
  }
  [2]
  $ muster junit merge v.xml -o kept/out.xml
  error: cannot create kept: Not a directory
  [7]

From a pipe, and into one that closes:

  $ cat v.xml | muster junit merge - | cmp - v.xml
  $ muster junit merge v.xml | head -1
  <?xml version="1.0" encoding="UTF-8"?>
