#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each number that python-stdnum knows: random and mutated ones, and no disagreement but those that are said here.

TX_ORACLE says how many of each (`./check --long`: 100000).
"""
import importlib
import json
import os
import random
import re
import subprocess
import sys
import unittest

import tap
from tracexd import CTL

SYSTEM_PYTHON = "/usr/bin/python3"
NUMBERS = int(os.environ.get("TX_ORACLE", "10000"))

try:
    import stdnum  # noqa: F401
except ImportError:
    if sys.executable != SYSTEM_PYTHON and os.path.exists(SYSTEM_PYTHON) and subprocess.run(
            [SYSTEM_PYTHON, "-c", "import stdnum"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    print("1..0 # SKIP python3-stdnum is not installed")
    sys.exit(0)

# detector: stdnum's module, what its numbers look like (9 digit, A letter, X either, else itself)
KNOWN = {
    "uk_nhs": ("gb.nhs", "9999999999"),
    "ie_pps": ("ie.pps", "9999999AA"),
    "de_steuer_id": ("de.idnr", "99999999999"),
    "at_svnr": ("at.vnr", "9999999999"),
    "ch_ahv": ("ch.ssn", "7569999999999"),
    "fi_hetu": lambda n: n[7:8] == "9",  # a hospital's number
    "kr_rrn": lambda n: "20" <= n[:2] <= "29" and n[7] in "3478",  # without a check since October 2020
    "fr_nir": ("fr.nir", "199099999999999"),
    "es_dni_nie": ("es.dni", "99999999A"),
    "pt_nif": ("pt.nif", "999999999"),
    "it_codice_fiscale": ("it.codicefiscale", "AAAAAA99A99A999A"),
    "gr_amka": ("gr.amka", "99099999999"),
    "gr_afm": ("gr.vat", "999999999"),
    "nl_bsn": ("nl.bsn", "999999999"),
    "be_nn": ("be.nn", "99099999999"),
    "se_personnummer": ("se.personnummer", "990999-9999"),
    "no_fodselsnummer": ("no.fodselsnummer", "99099999999"),
    "dk_cpr": ("dk.cpr", "9909999999"),
    "fi_hetu": ("fi.hetu", "990999-999X"),
    "ee_ik": ("ee.ik", "39909999999"),
    "lt_ak": ("lt.asmens", "39909999999"),
    "pl_pesel": ("pl.pesel", "99099999999"),
    "cz_sk_rc": ("cz.rc", "9909999999"),
    "ro_cnp": ("ro.cnp", "1990999999999"),
    "bg_egn": ("bg.egn", "9909999999"),
    "tr_tckn": ("tr.tckimlik", "99999999999"),
    "us_ssn": ("us.ssn", "999-99-9999"),
    "us_itin": ("us.itin", "9999-99-9999"[1:]),
    "us_aba_rtn": ("us.rtn", "999999999"),
    "ca_sin": ("ca.sin", "999999999"),
    "br_cpf": ("br.cpf", "99999999999"),
    "br_cnpj": ("br.cnpj", "99999999999999"),
    "mx_curp": ("mx.curp", "AAAA990999HAAAAAX9"),
    "mx_rfc": ("mx.rfc", "AAAA990999XXX"),
    "ar_cuit": ("ar.cuit", "20999999999"),
    "cl_rut": ("cl.rut", "99999999X"),
    "in_aadhaar": ("in_.aadhaar", "999999999999"),
    "in_pan": ("in_.pan", "AAAPA9999A"),
    "kr_rrn": ("kr.rrn", "990999-1999999"),
    "cn_id": ("cn.ric", "11010119990999999X"),
    "th_id": ("th.pin", "9999999999999"),
    "za_id": ("za.idnr", "9909999999999"),
    "au_tfn": ("au.tfn", "999999999"),
    "au_abn": ("au.abn", "99999999999"),
    "nz_ird": ("nz.ird", "99999999"),
    "imei": ("imei", "999999999999999"),
    "iban": ("iban", "DE99999999999999999999 NO9999999999999 GB99AAAA99999999999999 FR999999999999999XXXXXXXXXXXX99 "
                     "NL99AAAA9999999999 CH9999999XXXXXXXXXXXX AT999999999999999999 SE9999999999999999999999 "
                     "PL99999999999999999999999999 IT99A9999999999XXXXXXXXXXXX DK9999999999999999 PT9999999999999999999999999"),
    "credit_card": ("luhn", "4999999999999999 379999999999999 5199999999999999 6011999999999999 3599999999999999"),
    "hr_oib": ("hr.oib", "99999999999"),
    "jmbg": ("si.emso", "0909999509999 1509009509999"),
    "is_kennitala": ("is_.kennitala", "0909999999 120999-9999 150899-9990"),
    "pl_nip": ("pl.nip", "9999999999"),
    "bg_lnch": ("bg.pnf", "9999999999"),
    "md_idnp": ("md.idno", "2999999999999"),
    "ua_rnokpp": ("ua.rntrc", "9999999999"),
    "ru_inn": ("ru.inn", "999999999999 9999999999"),
    "uk_utr": ("gb.utr", "9999999999"),
    "pt_cc": ("pt.cc", "999999999AA9"),
    "ec_ci": ("ec.ci", "1799999999 0999999999"),
    "pe_dni": ("pe.cui", "999999999 99999999A"),
    "co_nit": ("co.nit", "999999999 9999999999"),
    "do_cedula": ("do.cedula", "99999999999"),
    "gt_nit": ("gt.nit", "9999999X"),
    "sv_nit": ("sv.nit", "09999999999999"),
    "ve_rif": ("ve.rif", "V999999999 E999999999 J999999999"),
    "au_acn": ("au.acn", "999999999"),
    "il_id": ("il.idnr", "999999999"),
    "pk_cnic": ("pk.cnic", "99999-9999999-9"),
    "my_nric": ("my.nric", "990999999999"),
    "id_npwp": ("id.npwp", "999999999999999"),
}

# What we do on purpose: detector → a function of the number that says "let it pass".
DIFFERENT = {
    "ar_cuit": lambda n: n[:2] in ("25", "26"),  # given to people since
    "be_nn": lambda n: int(n[2:4]) > 52 or int(n[2:4]) % 20 > 12 or "26" <= n[:2] <= "29",  # no such month; or one to come
    "cn_id": lambda n: not has_chinese_place(n),  # we have no list of counties
    "iban": lambda n: n[:2] != "DE",  # we look at a country's length, not at its parts
    "no_fodselsnummer": lambda n: "26" <= n[4:6] <= "39" and n[6] >= "5",  # a day to come
    "se_personnummer": lambda n: n[4:6] > "60",  # a coordination number
    "za_id": lambda n: n[10] == "2",  # a refugee
    "ca_sin": lambda n: n[0] in "08",  # never given
    "br_cpf": lambda n: len(set(n)) == 1,
    "cz_sk_rc": lambda n: n[2] in "49",  # no such month
    "us_itin": lambda n: "50" <= n[4:6] <= "65",  # given since
    "mx_curp": lambda n: n[10] == "X",  # a third sex, since
    "dk_cpr": lambda n: "26" <= n[4:6] <= ("36" if n[6] in "49" else "57") and n[6] in "456789",  # a day to come
    "fi_hetu": lambda n: n[7:8] == "9",  # a hospital's number
    "kr_rrn": lambda n: "20" <= n[:2] <= "29" and n[7] in "3478",  # without a check since October 2020
    "ie_pps": lambda n: n.endswith("B"),  # given since
    "credit_card": lambda n: not issued(n),  # a mutated number may be nobody's
    "do_cedula": lambda n: module_of("do.cedula").compact(n) in getattr(module_of("do.cedula"), "whitelist", ()),
    "my_nric": lambda n: True,  # we have no list of places; below it is asked to have no valid one missed
}

# Random ones have no day in them, for which we ask where no word is near.
NOT_AS_FORMATTED = {"sv_nit"}

# Its list is longer than ours in both ways; but what is valid must be found.
SUPERSETS = {"my_nric"}
UNIFORM = re.compile(r"^(.)\1*$")


def issued(number):
    if number[:2] in ("34", "37"):
        return len(number) == 15
    return len(number) == 16 and (number[0] == "4" or "51" <= number[:2] <= "55" or number[:4] == "6011"
                                  or "3528" <= number[:4] <= "3589")


def has_chinese_place(number):
    try:
        return bool(importlib.import_module("stdnum.cn.ric").get_birth_place(number))
    except Exception:  # stdnum raises several kinds
        return False


def module_of(name):
    try:
        return importlib.import_module("stdnum." + name)
    except ImportError:
        return None


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def character(self, shape):
        if shape == "9":
            return self.random.choice("0123456789")
        if shape == "A":
            return self.random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if shape == "X":
            return self.random.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return shape

    def from_shape(self, shapes):
        return "".join(map(self.character, self.random.choice(shapes.split())))

    def mutate(self, number):
        """Another character, or two neighbours swapped."""
        at = self.random.randrange(len(number))
        if self.random.random() < 0.3 and number[at:at + 2].isalnum() and at + 1 < len(number):
            return number[:at] + number[at + 1] + number[at] + number[at + 2:]
        kind = "9" if number[at].isdigit() else "A" if number[at].isalpha() else number[at]
        return number[:at] + self.character(kind) + number[at + 1:]

    def numbers(self, module, shape, count):
        """Random ones; then, from valid ones, some with a character changed."""
        randoms = [self.from_shape(shape) for _ in range(count)]
        valid = [n for n in randoms if module.is_valid(n)]
        tries = 0
        while len(valid) < 20 and tries < 400000:
            number = self.from_shape(shape)
            tries += 1
            if module.is_valid(number):
                valid.append(number)
        mutated = []
        while valid and len(mutated) < count:
            number = self.random.choice(valid)
            for _ in range(self.random.randint(0, 2)):
                number = self.mutate(number)
            mutated.append(number)
            if module.is_valid(number):
                valid.append(number)
        return randoms + mutated


def found_by(detector, numbers):
    text = "".join(n + "\n" for n in numbers)
    result = subprocess.run([CTL, "mask", "test", "--format", "json", "--packs", detector, "--context", "assume"],
                            input=text, text=True, check=True, stdout=subprocess.PIPE)
    return [bool(json.loads(line)["spans"]) for line in result.stdout.splitlines()]


class Oracle(unittest.TestCase):
    def check(self, detector, name, shape):
        module = module_of(name)
        if module is None:
            self.skipTest(f"this python-stdnum has no {name}")
        numbers = Maker(detector).numbers(module, shape, NUMBERS)
        accepted = DIFFERENT.get(detector, lambda number: False)
        wrong, n_valid = [], 0
        for number, found in zip(numbers, found_by(detector, numbers), strict=True):
            valid = module.is_valid(number)
            n_valid += valid
            if found != valid and not accepted(number) and not UNIFORM.match(number) or (
                    detector in SUPERSETS and valid and not found):
                wrong.append(f"{number}: {'valid and not found' if valid else 'found and not valid'}")
        self.assertGreater(n_valid, 10, "the oracle knows hardly any of these numbers")
        self.assertEqual(wrong[:8], [], f"{len(wrong)} of {len(numbers)}")


    def test_numbers_as_their_issuers_write_them_are_found(self):
        missed = []
        for detector, (name, shape) in KNOWN.items():
            module = module_of(name)
            if module is None or not hasattr(module, "format") or detector in NOT_AS_FORMATTED:
                continue
            numbers = [n for n in Maker(detector).numbers(module, shape, 2000) if module.is_valid(n)][:200]
            written = [module.format(n) for n in numbers]
            missed += [f"{detector}: {text}" for number, text, found in zip(numbers, written, found_by(detector, written), strict=True)
                       if not found and not DIFFERENT.get(detector, lambda number: False)(number) and not UNIFORM.match(number)]
        self.assertEqual(missed[:8], [], len(missed))


def add(detector, name, shape):
    setattr(Oracle, f"test_{detector}", lambda self: self.check(detector, name, shape))


for each, (its_module, its_shape) in KNOWN.items():
    add(each, its_module, its_shape)


if __name__ == "__main__":
    tap.main()
