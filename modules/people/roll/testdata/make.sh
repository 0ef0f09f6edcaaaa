#!/bin/sh
# Makes the fixtures from source/ with iconv and LibreOffice, as schools' own
# programs would write them. Run it in this folder after changing a source.
set -eu
rm -f base-* tableur.* ministere-* noms-*
crlf() { sed "s/$/\r/"; }
crlf <source/base.csv >base-utf8.csv
{ printf '\357\273\277'; crlf <source/base.csv; } >base-utf8-bom.csv
{ printf '\377\376'; tr ';' '\t' <source/base.csv | crlf | iconv -t UTF-16LE; } >base-utf16le.txt
{ printf '\376\377'; crlf <source/base.csv | iconv -t UTF-16BE; } >base-utf16be.csv
crlf <source/base.csv | iconv -t UTF-16LE >base-utf16le-nobom.csv
crlf <source/base.csv | iconv -t CP1252 >base-cp1252.csv
tr '\n' '\r' <source/base.csv | iconv -t MACINTOSH >base-mac.csv
iconv -t MACINTOSH <source/base.csv >base-mac-lf.csv
tr ';' ',' <source/base.csv | crlf >base-comma.csv
tr ';' '\t' <source/base.csv >base-tab.tsv
sed s/œ/oe/ source/base.csv | iconv -t CP850 >base-cp850.csv
crlf <source/ministere.csv | iconv -t CP1252 >ministere-cp1252.csv
crlf <source/noms.csv >noms-utf8.tsv
tmp=$(mktemp -d)
# 44 is the comma, 59 the semicolon, 76 UTF-8; format 4 in column 5 reads dates as day, month, year.
office() { soffice "-env:UserInstallation=file://$tmp/profile" --headless --convert-to "$1" --outdir "$tmp" "$3" "$2" >/dev/null 2>&1; }
cp source/base.csv "$tmp/base-text.csv"
for f in xlsx ods fods xls; do office "$f" "$tmp/base-text.csv" '--infilter=CSV:59,34,76,1,1/1/2/2/3/2/4/2/5/4/6/2/7/2/8/2/9/2' && cp "$tmp/base-text.$f" "base-dates.$f"; done
for f in xlsx ods; do office "$f" "$tmp/base-text.csv" '--infilter=CSV:59,34,76,1,1/2/2/2/3/2/4/2/5/2/6/2/7/2/8/2/9/2' && cp "$tmp/base-text.$f" "base-text.$f"; done
# Calc stumbles over writing this one flat file as ODS; the way by XLSX works.
office xlsx source/tableur.fods "--infilter=OpenDocument Spreadsheet Flat XML" && cp "$tmp/tableur.xlsx" .
office ods "$tmp/tableur.xlsx" "--infilter=Calc MS Excel 2007 XML" && cp "$tmp/tableur.ods" .
cp source/tableur.fods tableur.fods
cp source/deux-colonnes.csv source/refus.csv source/sans-entete.csv source/guillemet.csv source/google-us.csv source/personnel.csv source/tenues.csv .
rm -rf "$tmp"
