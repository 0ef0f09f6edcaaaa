// The mark sheet: Enter and the arrows move, a row is saved as it is left, and a
// row that cannot be saved now is tried again until it is. Without this script
// the same form is sent whole by Enter. Plain enough for a browser of 2013.
(function () {
  'use strict';
  var form = document.getElementById('marks');
  if (!form || !window.XMLHttpRequest) return;
  var fields = Array.prototype.slice.call(form.querySelectorAll('input[name^="m."]'));
  var waiting = {}; // number of a row → its mark could not be sent yet
  var queue = [], sending = null, timer = 0;
  var scale = parseFloat(form.getAttribute('data-scale'));

  function number(f) { return f.name.slice(2); }
  function hidden(f) { return form.elements['v.' + number(f)]; }
  function seen(f) { return hidden(f).value.split(' '); } // pupil, token, version, mark
  function cell(f) { return document.getElementById('s-' + number(f)); }

  function tell(f, tone, text) {
    var c = cell(f);
    c.className = 'st ' + tone;
    c.textContent = text;
    f.parentNode.parentNode.className = tone === 'no' ? 'bad' : '';
    if (tone === 'no') f.setAttribute('aria-invalid', 'true'); else f.removeAttribute('aria-invalid');
  }

  function totals(a) {
    ['n', 'missing', 'mean'].forEach(function (k) {
      var e = document.getElementById('t-' + k);
      if (e && a[k] !== undefined) e.textContent = a[k];
    });
  }

  function words(k) { return form.getAttribute('data-' + k); }

  // A number above the scale is told at once; the server decides all else.
  function tooHigh(f) {
    var n = parseFloat(f.value.replace(',', '.'));
    return /^\s*[0-9]+([.,][0-9]*)?\s*$/.test(f.value) && n > scale;
  }

  // One row is on its way at a time, in the order in which they were left.
  function save(f) {
    if (f.value === f.last) return;
    if (tooHigh(f)) { tell(f, 'no', words('above')); return; }
    if (queue.indexOf(f) < 0) queue.push(f);
    next();
  }

  function next() {
    if (sending || !queue.length) return;
    var f = sending = queue.shift(), text = f.value, x = new XMLHttpRequest();
    x.open('POST', form.getAttribute('data-rows'));
    x.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    x.timeout = 15000;
    x.onload = function () {
      var a = null;
      try { a = JSON.parse(x.responseText); } catch (e) { a = null; }
      if (a && a.v) answer(f, text, a);
      else later(f, x.status < 500 ? words('out') : words('wait'));
      sending = null;
      next();
    };
    x.onerror = x.ontimeout = function () { later(f, words('wait')); sending = null; next(); };
    x.send('_token=' + encodeURIComponent(seen(f)[1]) + '&v=' + encodeURIComponent(hidden(f).value) + '&m=' + encodeURIComponent(text));
  }

  function answer(f, text, a) {
    delete waiting[number(f)];
    hidden(f).value = a.v;
    if (a.refused) {
      f.last = a.again ? null : text; // what another changed may be saved again, knowingly
      tell(f, 'no', a.refused);
    } else {
      f.last = a.mark;
      if (f.value === text) { f.value = a.mark; tell(f, 'ok', a.mark === '' ? '' : '✓'); } else if (document.activeElement !== f) save(f);
    }
    totals(a);
  }

  function later(f, text) {
    waiting[number(f)] = f;
    tell(f, 'wt', text);
    if (!timer) timer = window.setTimeout(function () {
      timer = 0;
      for (var n in waiting) save(waiting[n]);
    }, 4000);
  }

  function go(i, by) {
    var f = fields[i + by];
    if (f) { f.focus(); f.select(); }
    return !!f;
  }

  fields.forEach(function (f, i) {
    f.last = f.getAttribute('aria-invalid') ? null : f.value;
    f.addEventListener('blur', function () { save(f); });
    f.addEventListener('input', function () {
      if (tooHigh(f)) tell(f, 'no', words('above')); else if (f.getAttribute('aria-invalid')) tell(f, '', '');
    });
    f.addEventListener('keypress', function (e) { // some send it although keydown was taken
      if (e.key === 'Enter' || e.keyCode === 13) e.preventDefault();
    });
    f.addEventListener('keydown', function (e) {
      var k = e.key || e.keyCode;
      if (k === 'Enter' || k === 13) {
        e.preventDefault();
        if (tooHigh(f)) { tell(f, 'no', words('above')); f.select(); return; }
        if (!go(i, e.shiftKey ? -1 : 1)) save(f);
      } else if (k === 'ArrowDown' || k === 'Down' || k === 40) { e.preventDefault(); go(i, 1); }
      else if (k === 'ArrowUp' || k === 'Up' || k === 38) { e.preventDefault(); go(i, -1); }
    });
  });

  window.addEventListener('beforeunload', function (e) {
    if (form.sent) return;
    for (var i = 0; i < fields.length; i++) {
      if (fields[i] === sending || waiting[number(fields[i])] || fields[i].last !== null && fields[i].value !== fields[i].last && !tooHigh(fields[i])) {
        save(fields[i]);
        e.returnValue = '';
        return '';
      }
    }
  });
  form.setAttribute('data-live', '1');
  form.addEventListener('submit', function () { form.sent = true; }); // the whole form goes: nothing is lost
})();
