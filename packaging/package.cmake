# What `cmake --install` and CPack take: the tools with their man pages and completions, as a .deb
# and as a .tar.gz. Completions go where each shell of a Debian system looks for a package's files in
# the .deb, and where it looks under /usr/local in the archive.
include(GNUInstallDirs)

set(tools)
foreach(tool mqpub mqsub mqrr mqbroker mqbench)
  if(TARGET ${tool})
    list(APPEND tools ${tool})
  endif()
endforeach()
install(TARGETS ${tools} RUNTIME COMPONENT common)
# Where the tools look for them: beside the directory that they are in (lib/base/module.cc).
install(TARGETS mqkit-auth mqkit-filters mqkit-screen mqkit-yaml LIBRARY DESTINATION lib/mqkit COMPONENT common)

find_program(SCDOC scdoc REQUIRED)
find_program(GZIP gzip REQUIRED)
foreach(page mqpub.1 mqsub.1 mqrr.1 mqbench.1 mqbroker.8)
  set(source ${PROJECT_SOURCE_DIR}/man/${page}.scd)
  set(gzipped ${PROJECT_BINARY_DIR}/man/${page}.gz)
  add_custom_command(
    OUTPUT ${gzipped}
    COMMAND ${SCDOC} < ${source} > ${PROJECT_BINARY_DIR}/man/${page}
    COMMAND ${GZIP} -9nf ${PROJECT_BINARY_DIR}/man/${page}
    DEPENDS ${source}
    VERBATIM)
  list(APPEND pages ${gzipped})
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES ${gzipped} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT common)
endforeach()
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
add_custom_target(man DEPENDS ${pages})

install(DIRECTORY completions/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        COMPONENT common)
install(DIRECTORY completions/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        COMPONENT common)
install(DIRECTORY completions/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
        COMPONENT archive)
install(DIRECTORY completions/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
        COMPONENT debian)
install(DIRECTORY packaging/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT common)
install(FILES tools/mqbench/result.schema.json tools/mqbench/storm.schema.json
    DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT common)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT common)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT archive)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT debian)
install(FILES packaging/mqbroker.service DESTINATION lib/systemd/system COMPONENT debian)
# From /usr, which is where a .deb has its files.
install(FILES packaging/mqbroker.conf DESTINATION ../etc/mqbroker COMPONENT debian)
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME mqbroker.conf
        COMPONENT debian)

# The caller builds what is packed (see HACKING.md): packing must not start to build the tests.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME mqkit)
set(CPACK_PACKAGE_VENDOR "mqkit")
set(CPACK_PACKAGE_CONTACT "mqkit maintainers <maintainers@mqkit.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "MQTT at the command line: publish, subscribe, broker, load test")
set(CPACK_PACKAGE_DESCRIPTION
    "mqpub and mqsub publish and subscribe with the options of mosquitto_pub and
mosquitto_sub, mqbroker is a broker that needs no configuration, and mqbench
measures any broker. All speak MQTT 3.1, 3.1.1 and 5.0.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
# One package of each kind, but not of the same components: packaging/components.cmake chooses.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/packaging/components.cmake)

string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" system)
set(CPACK_PACKAGE_FILE_NAME mqkit-${PROJECT_VERSION}-${system})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# mqbroker loads it when it is given a store, so that no header of the program names it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS libsqlite3-0)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/packaging/postinst ${PROJECT_SOURCE_DIR}/packaging/prerm
    ${PROJECT_SOURCE_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
