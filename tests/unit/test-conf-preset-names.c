/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

/*
 * What developers call their fields, and which rule of the presets claims it: beside the values,
 * which detectors know, these rules are what keeps a number with a slip of the pen in it, a code or
 * a password from being written.
 */

#define MORE "preset: none, i_accept_unmasked: true, packs: "

struct names {
    const char *mark; /* NULL: none */
    const char *const *name;
};

static void check(const char *masking, const struct names *names, size_t n) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(masking);

    for (size_t i = 0; i < n; i++)
        for (const char *const *name = names[i].name; *name; name++) {
            struct tx_field field = field_of(*name, TX_VALUE_STR, "x");
            char json[100];
            mask_fields(mask, "t.event", &field, 1);
            ck_assert_msg(!names[i].mark == !field.masked &&
                              (!names[i].mark || strcmp(names[i].mark, field.masked) == 0),
                          "%s: %s, not %s", *name, field.masked ? field.masked : "(not)",
                          names[i].mark ? names[i].mark : "(not)");
            snprintf(json, sizeof(json), "{\"%s\":\"x\"}", *name);
            field = field_of("payload", TX_VALUE_JSON, json);
            mask_fields(mask, "t.event", &field, 1);
            ck_assert_msg(!names[i].mark == !field.masked, "%s as a member", *name);
            tx_mask_wipe(mask);
        }
}

#define NAMES(mark, ...)                                                                           \
    {                                                                                              \
        (mark), (const char *const[]) {                                                            \
            __VA_ARGS__, NULL                                                                      \
        }                                                                                          \
    }

#define SECRETS                                                                                    \
    "password", "userPassword", "PASSWORD2", "passwordConfirm", "passwd", "db_passwd", "pass",     \
        "smtp-pass", "passPhrase", "pwd", "user_pw", "api_key", "apiKey", "x-api-key", "APIKEY",   \
        "accessKey", "secret_access_key", "private_key", "clientSecret", "signing_key",            \
        "encryptionKeys", "Authorization", "proxy-authorization", "auth_header", "bearer",         \
        "basicAuth", "cookie", "Set-Cookie", "cookies", "JSESSIONID", "PHPSESSID", "connect.sid",  \
        "csrf", "X-CSRF-Token", "refreshToken", "id_token", "jwt", "otp", "otpCode", "totp_seed",  \
        "mfaCode", "2fa_code", "verificationCode", "backup_codes", "recoveryCode",                 \
        "securityAnswer", "credentials", "aws.credentials", "passwort", "kennwort", "Geheimnis",   \
        "zugangsdaten", "mot_de_passe", "motDePasse", "motdepasse", "mdp", "user_mdp", "jeton",    \
        "code_acces", "contrasena", "clave", "claveSecreta", "credenciales", "parolaDordine",      \
        "chiave_privata", "chiaveSegreta", "senha", "senhaAtual", "nova_senha", "novaSenha",       \
        "palavra-passe", "haslo", "hasloUzytkownika", "nowe_haslo", "klucz_api", "wachtwoord",     \
        "paswoord", "api_sleutel"
#define NOT_SECRETS                                                                                \
    "hasLocation", "has_location", "resenha", "desenho", "segretario", "source_code_access",       \
        "primary_key", "keyboard", "compass_code", "postal_code", "country_code", "cookbook",      \
        "mfa", "bypass", "passed", "author"
#define CODES                                                                                      \
    "cvv", "cvv2", "CVV_2", "cvvCode", "cvc_code", "cvcCode", "cvv_number", "cvvNumber", "cvcNo",  \
        "cvv2Code", "cvvs", "csc", "cvn", "CAV2", "cardCvv", "cardcvc", "card_cid", "x-cvv",       \
        "securityCode", "SECURITYCODE", "security-code", "Security Code", "cardSecurityCode",      \
        "cardVerificationValue", "card_verification_number", "sicherheitscode",                    \
        "kartenpruefnummer", "kartenprufziffer", "cryptogramme", "cryptogrammeVisuel",             \
        "code_de_securite", "codeSecurite", "codigoSeguridad", "codigo_de_seguridad",              \
        "codice_di_sicurezza", "codigoSeguranca", "kod_bezpieczenstwa", "kodCVV",                  \
        "beveiligingscode"
#define TRACKS                                                                                     \
    "track1", "track_2", "track2Data", "track_2_data", "track2EquivalentData", "trackData",        \
        "magstripe", "magStripe", "magneticStripeData", "swipe_data", "magnetstreifen",            \
        "piste_magnetique", "bandaMagnetica", "magneetstrip"
#define PINS                                                                                       \
    "pin", "PIN", "userPin", "user_pin_1", "pinCode", "PINCODE", "pin_number", "pinNo",            \
        "pin_block", "newPin", "cardPIN", "CARDPIN", "code_pin", "geheimzahl"
#define NOT_CARDS                                                                                  \
    "spinning", "opinion", "mapping", "pinned", "pinterest", "discards", "card_notes",             \
        "card_not_present", "card_type", "cardinality", "acc_number", "panel", "company",          \
        "japan_tour", "cvs_file", "security_level", "racing_track", "tracking", "trackId"

START_TEST(secure_default) {
    const struct names names[] = {
        NAMES("redact:secure-default/secret-field", SECRETS),
        NAMES("drop:secure-default/card-code-field", CODES),
        NAMES("drop:secure-default/card-code-field", TRACKS),
        NAMES("drop:secure-default/card-code-field", PINS),
        NAMES("redact:secure-default/ssn-field", "ssn", "SSN", "ssns", "user_ssn", "ssnNumber",
              "ssn_last4", "socialSecurityNumber", "SOCIALSECURITYNUMBER", "social-security",
              "social_sec_no"),
        NAMES(NULL, NOT_SECRETS),
        NAMES(NULL, NOT_CARDS),
        NAMES(NULL, "lesson", "session", "classname", "order", "status", "id", "name"),
    };
    check("{preset: secure-default}", names, TX_COUNT_OF(names));
}
END_TEST

START_TEST(secrets_and_pci) {
    const struct names names[] = {
        NAMES("redact:secrets/field", SECRETS),
        NAMES("drop:pci/card-code", CODES, "cardCode"),
        NAMES("drop:pci/track-data", TRACKS, "track", "emv_data", "chipData"),
        NAMES("drop:pci/pin", PINS),
        NAMES("redact:pci/pan-field", "pan", "PAN", "card_pan", "panNumber", "card_number",
              "CARDNUMBER", "cardNumber2", "card-number-2", "cardNumbers", "cardNo", "card_nr",
              "cardnum", "creditCardNumber", "credit_card", "debitCard", "cc_number", "ccNum",
              "ccno", "x-card-number", "customer.cardNumber", "primaryAccountNumber",
              "kartennummer", "kreditkartennummer", "kreditkarte", "karten_nr", "numero_carte",
              "numeroDeCarte", "carte_bancaire", "num_cb", "numeroTarjeta", "numero_de_tarjeta",
              "tarjetaCredito", "numero_carta", "cartaDiCredito", "numeroCartao",
              "numero_do_cartao", "cartao_credito", "numer_karty", "nrKarty", "kaartnummer",
              "creditcardnummer"),
        NAMES(NULL, NOT_SECRETS),
        NAMES(NULL, NOT_CARDS),
    };
    check("{" MORE "[secrets, pci]}", names, TX_COUNT_OF(names));
}
END_TEST

START_TEST(numbers_of_people) {
    const struct names europe[] = {
        NAMES("redact:eu-national-ids/field", "national_id", "nationalId", "NATIONALID",
              "identity_number", "idCard", "id_card_no", "identityCardNumber", "passportNumber",
              "passport_no", "PASSPORTNO", "customer.passportId", "nationalInsuranceNumber", "nino",
              "ppsn", "ppsNumber", "nhs_number", "nhsNo", "steuerId", "steuer-id", "STEUERID",
              "steuer_nr", "steuernummer", "steueridentifikationsnummer",
              "sozialversicherungsnummer", "svnr", "sv_nummer", "rentenversicherungsnummer",
              "versichertennummer", "ausweisnummer", "personalausweisNr", "reisepassnummer",
              "fuehrerschein", "ahvNummer", "numero_securite_sociale", "numSecu", "nir",
              "numeroFiscal", "carteIdentite", "carte_d_identite", "passeport", "dni", "DNI_2",
              "user_nif", "nie", "numeroSeguridadSocial", "pasaporte", "codiceFiscale",
              "CODICE_FISCALE", "passaporto", "cartaIdentita", "contribuinte", "cartao_cidadao",
              "cartaoDeCidadao", "pesel", "PESEL1", "nip", "dowodOsobisty", "numerDowodu",
              "paszport", "bsn", "bsnNummer", "burgerservicenummer", "sofinummer", "paspoortnummer",
              "rijksregisternummer", "personnummer", "fodselsnummer", "fodselsnr", "cprNummer",
              "hetu", "kennitala", "isikukood", "asmensKodas", "cnp", "oib", "rodneCislo",
              "tc_kimlik_no"),
        NAMES(NULL, "nationality", "identity", "unit", "benefits", "person", "company",
              "passport_country_x", "pps", "skin"),
    };
    const struct names america[] = {
        NAMES("redact:us-ids/field", "ssn", "itin", "tax_id", "taxId", "taxpayerId", "tin",
              "driversLicense", "driver_license_number", "DRIVERLICENCE", "mbi",
              "medicareBeneficiaryId", "socialInsuranceNumber", "sin_number"),
        NAMES("redact:latam-ids/field", "cpf", "CPF", "cpf_numero", "userCpf", "cnpj", "curp",
              "rfc", "cuit", "cuil", "rut", "dni", "nit", "cedula", "numero_de_cedula",
              "tituloEleitor", "carteira_de_identidade"),
        NAMES(NULL, "latin", "sin", "benefit", "truth", "mission"),
    };
    const struct names asia[] = {
        NAMES("redact:apac-ids/field", "aadhaar", "aadhaarNumber", "aadhar_no", "panCard", "nric",
              "NRIC_1", "hkid", "my_number", "mynumber", "tfn", "taxFileNumber", "medicareCard",
              "irdNumber", "voterId", "npwp", "cnicNo", "idCardNo", "citizenId"),
        NAMES(NULL, "third_number", "bird_number", "economy_numbers", "fine"),
    };
    check("{" MORE "[eu-national-ids]}", europe, TX_COUNT_OF(europe));
    check("{" MORE "[us-ids, latam-ids]}", america, TX_COUNT_OF(america));
    check("{" MORE "[apac-ids]}", asia, TX_COUNT_OF(asia));
}
END_TEST

START_TEST(places) {
    const struct names names[] = {
        NAMES("redact:location/field", "latitude", "startLatitude", "LONGITUDE", "lat", "lng",
              "user_lon", "latLng", "latlon", "lat_long", "gps", "gpsPosition", "geoPoint",
              "geolocation", "geohash", "coordinates", "coords", "breitengrad", "laengengrad",
              "latitud", "longitudine", "coordenadas", "szerokoscGeograficzna", "breedtegraad"),
        NAMES(NULL, "platitude", "flat", "platform", "long", "georgia", "coordinator",
              "translation"),
    };
    check("{" MORE "[location]}", names, TX_COUNT_OF(names));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: names of fields in presets and packs");
    TCase *tests = tcase_create("preset-names");
    tcase_add_test(tests, secure_default);
    tcase_add_test(tests, secrets_and_pci);
    tcase_add_test(tests, numbers_of_people);
    tcase_add_test(tests, places);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
